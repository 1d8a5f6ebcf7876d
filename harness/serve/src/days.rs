//! Game days as files of a directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gamedays::{GameDay, Schedule, describe};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::practice::{ApprovalRule, Day, Timetable};

/// The most files that are read; more is no directory of game days.
const DAYS_MAX: usize = 500;

/// Every game day of `directory`, by name. One with a mistake in its file is there with that mistake.
pub(crate) fn read(directory: &Path, now: Timestamp) -> Vec<Day> {
    paths(directory).iter().map(|path| day(path, now)).collect()
}

/// The file of a game day.
pub(crate) fn path_of(directory: &Path, name: &str) -> Option<PathBuf> {
    paths(directory).into_iter().find(|path| name_of(path) == name)
}

fn paths(directory: &Path) -> Vec<PathBuf> {
    let found =
        std::fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = found
        .filter(|path| path.is_file() && path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    paths.sort();
    paths.truncate(DAYS_MAX);
    paths
}

fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn day(path: &Path, now: Timestamp) -> Day {
    let empty = Day {
        name: name_of(path),
        title: String::new(),
        plan: String::new(),
        problem: None,
        digest: String::new(),
        timetable: None,
        approvals: Vec::new(),
    };
    match gamedays::load(path) {
        Ok(day) => of(&day, now),
        Err(failure) => Day { problem: Some(failure.to_string()), ..empty },
    }
}

fn of(day: &GameDay, now: Timestamp) -> Day {
    let rules = day.approvals.iter().map(|rule| ApprovalRule {
        role: rule.role.clone(),
        count: rule.count,
        within: rule.within,
        by_asker: rule.by_asker,
    });
    Day {
        name: day.name.clone(),
        title: day.title.clone(),
        plan: describe(day, now).to_string(),
        problem: None,
        digest: digest(day),
        timetable: day.schedule.clone().map(|schedule| Arc::new(Scheduled(schedule)) as Arc<dyn Timetable>),
        approvals: rules.collect(),
    }
}

/// The hash of the file and of each scenario that it names: what is approved is what is run.
pub(crate) fn digest(day: &GameDay) -> String {
    let scenarios = day.runs().chain(day.further.values()).map(|run| run.loaded.text.as_str());
    let mut hash = Sha256::new();
    for text in [day.text.as_str()].into_iter().chain(scenarios) {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

struct Scheduled(Schedule);

impl Timetable for Scheduled {
    fn text(&self) -> String {
        format!("{} ({}, within {})", self.0.text, self.0.zone, units::Timespan(self.0.window))
    }

    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        self.0.next(after)
    }

    fn window(&self) -> Duration {
        self.0.window
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WallTime;
    use crate::calendar::look;
    use crate::practice::Ending;
    use crate::store::{State, Store};

    const FILE: &str = "title = 'An outage'\nwhy = 'it happens'\n[[run]]\nscenario = 'first-look'\n\
                        [schedule]\ncron = '0 10 * * TUE'\nzone = 'Europe/Berlin'\n\
                        [[approval]]\nrole = 'sre'\n";

    #[test]
    fn files_of_a_directory_are_its_game_days_and_one_with_a_mistake_says_it() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("outage.toml"), FILE).unwrap();
        std::fs::write(dir.path().join("wrong.toml"), "titel = 'x'").unwrap();
        std::fs::write(dir.path().join("notes.txt"), "no game day").unwrap();
        let days = read(dir.path(), Timestamp::UNIX_EPOCH);
        let told: Vec<_> = days.iter().map(|day| (day.name.as_str(), day.problem.is_some())).collect();
        assert_eq!(told, [("outage", false), ("wrong", true)]);
        assert_eq!(days[0].approvals[0].role, "sre");
        assert_eq!(days[0].timetable.as_ref().unwrap().text(), "0 10 * * TUE (Europe/Berlin, within 60 min)");
        assert!(days[1].problem.as_ref().unwrap().contains("wrong.toml:1:1"), "{:?}", days[1].problem);
    }

    #[test]
    fn a_change_of_the_file_or_of_a_scenario_is_another_digest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("outage.toml");
        let scenario = dir.path().join("own.toml");
        let text = std::fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/first-look.toml"),
        );
        let text = text.unwrap();
        let digests = [(FILE, &text), ("title = 'Other'\n[[run]]\nscenario = 'own.toml'", &text)];
        let mut seen = Vec::new();
        for (file, scenario_text) in
            digests.into_iter().chain([(digests[1].0, &format!("{text}\n# changed\n"))])
        {
            std::fs::write(&path, file).unwrap();
            std::fs::write(&scenario, scenario_text).unwrap();
            seen.push(read(dir.path(), Timestamp::UNIX_EPOCH)[0].digest.clone());
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 3);
    }

    #[test]
    fn through_daylight_saving_a_day_fires_once_a_day() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap().hurry();
        // 02:30 does not exist on 29 March 2026, and comes twice on 25 October.
        let schedule = Schedule::new("30 2 * * *", "Europe/Berlin", Duration::from_hours(2)).unwrap();
        let timetable: Arc<dyn Timetable> = Arc::new(Scheduled(schedule.clone()));
        let day = Day {
            name: "night".into(),
            title: String::new(),
            plan: String::new(),
            problem: None,
            digest: String::new(),
            timetable: Some(timetable),
            approvals: Vec::new(),
        };
        let start = WallTime::from("2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap());
        let mut begun = Vec::new();
        for hour in 0..365 * 24 {
            let now = start.after(Duration::from_hours(hour));
            for order in look(&store, std::slice::from_ref(&day), now).unwrap() {
                begun.push(schedule.local(store.firing(order.firing).unwrap().unwrap().due.timestamp()));
                store.end(order.firing, &ended(), now).unwrap();
            }
        }
        assert_eq!(begun.len(), 365);
        let on = |date: &str| begun.iter().filter(|local| local.contains(date)).cloned().collect::<Vec<_>>();
        assert_eq!(on("2026-03-29"), ["Sun 2026-03-29 03:00 CEST"]);
        assert_eq!(on("2026-10-25"), ["Sun 2026-10-25 02:30 CEST"]);
    }

    fn ended() -> Ending {
        Ending { state: State::Finished, why: String::new(), verdict: None, runs: Vec::new() }
    }
}
