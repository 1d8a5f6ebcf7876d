//! Game days of files, held in this process.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gamedays::{
    Approval, ConductError, Entry, Event, GameDay, Listener, Machine, Occasion, Orders, Outcome, Standing,
    TIMELINE, conduct, decisions, entries, tell_unheld,
};
use gateways::Allowed;
use reports::{Report, Verdict};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::days::{digest, path_of, read};
use crate::practice::{Day, Ending, Order, Practice, RunRecord};
use crate::store::{Firing, State};
use crate::{Clock, SystemClock, WallTime};

/// For how long what was read is good enough to be shown and decided on. Whoever holds a day reads it again, and refuses one that
/// is not what was approved.
const FRESH: Duration = Duration::from_secs(3);

/// The game days of a directory.
pub struct GameDayFiles {
    directory: PathBuf,
    allowed: Allowed,
    machine: Machine,
    /// What was read last, and when: reading compiles every scenario, which would disturb what is being measured.
    kept: Mutex<Option<(WallTime, Vec<Day>)>>,
}

impl GameDayFiles {
    /// The game days of `directory`. Each file has to allow as well what is `allowed`. `abort` ends at once what runs.
    pub fn new(directory: PathBuf, allowed: Allowed, abort: CancellationToken) -> Self {
        GameDayFiles { directory, allowed, machine: Machine { abort }, kept: Mutex::default() }
    }

    /// The day that is to be held, if it is what was decided on.
    fn ordered(&self, order: &Order) -> Result<GameDay, String> {
        let path = path_of(&self.directory, &order.day).ok_or("its file is gone")?;
        let day = gamedays::load(&path).map_err(|failure| failure.to_string())?;
        // Approvals are for what was there when it was decided to begin.
        if digest(&day) != order.digest {
            return Err("its file was changed in the moment in which it began".to_owned());
        }
        Ok(day)
    }
}

impl Practice for GameDayFiles {
    fn days(&self) -> Vec<Day> {
        let now = SystemClock.now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((at, days)) if *at <= now && now < at.after(FRESH) => days.clone(),
            _ => kept.insert((now, read(&self.directory, now.timestamp()))).1.clone(),
        }
    }

    fn hold(&self, order: &Order, tell: &dyn Fn(Value), stop: &CancellationToken) -> Option<Ending> {
        let day = match self.ordered(order) {
            Ok(day) => day,
            Err(why) => return Some(ended(State::Refused, why)),
        };
        let approvals = order.approvals.iter().map(|approval| Approval {
            by: approval.user.clone(),
            role: approval.role.clone(),
            at: approval.at.timestamp(),
            comment: approval.comment.clone(),
        });
        let orders = Orders {
            directory: order.directory.clone(),
            asked_by: order.asked_by.clone(),
            approvals: approvals.collect(),
            allowed: self.allowed.clone(),
            stop: stop.clone(),
        };
        let outcome = conduct(&day, &orders, &self.machine, &mut Teller(tell));
        if let Err(ConductError::GivenUp { .. }) = outcome {
            return None;
        }
        Some(ending(outcome.map_err(|error| error.to_string()), &order.directory))
    }

    fn recover(&self, directory: &Path) -> Ending {
        if !directory.exists() {
            return ended(State::Recovered, "it had not begun anything yet");
        }
        let outcome = gamedays::recover(directory, &self.allowed, &self.machine, &mut Teller(&|_| ()));
        ending(outcome.map_err(|error| error.to_string()), directory)
    }

    fn unheld(&self, firing: &Firing, why: &str) -> Vec<String> {
        let occasion = match firing.state {
            State::Missed | State::Overlapped => Occasion::Missed,
            State::Refused => Occasion::Refused,
            _ => return Vec::new(),
        };
        // One whose file can't be read does not say whom to tell.
        let path = path_of(&self.directory, &firing.gameday);
        let Some(day) = path.and_then(|path| gamedays::load(&path).ok()) else { return Vec::new() };
        let told = tell_unheld(&day, firing.due.timestamp(), (occasion, why), &self.allowed, &self.machine);
        told.iter().map(ToString::to_string).collect()
    }

    fn timeline(&self, directory: &Path) -> Result<Vec<Value>, String> {
        // Killed before its first step, a day has begun nothing.
        if !directory.join(TIMELINE).exists() {
            return Ok(Vec::new());
        }
        let steps = entries(directory).map_err(|error| error.to_string())?;
        Ok(steps.iter().map(step).collect())
    }

    fn undecided(&self, directory: &Path) -> Vec<String> {
        let steps = entries(directory).unwrap_or_default();
        let open = decisions(&steps).into_iter().filter(|decision| decision.answer.is_none());
        open.map(|decision| decision.question).collect()
    }

    fn decide(&self, directory: &Path, number: usize, who: &str, answer: &str) -> Result<Value, String> {
        let now = SystemClock.now().timestamp();
        gamedays::decide(directory, number, who, answer, now)
            .map(|entry| step(&entry))
            .map_err(|error| error.to_string())
    }

    fn bundle(&self, directory: &Path) -> Result<PathBuf, String> {
        let name = |path: Option<&Path>| {
            path.and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned()
        };
        let whole = format!("{}-{}.tar.zst", name(directory.parent()), name(Some(directory)));
        // Beside the record, and made anew each time: notes may have come since.
        let path = directory.with_file_name(whole);
        gamedays::bundle(directory, &path).map(|_| path).map_err(|error| error.to_string())
    }
}

fn ended(state: State, why: impl Into<String>) -> Ending {
    Ending { state, why: why.into(), verdict: None, runs: Vec::new() }
}

fn ending(outcome: Result<Outcome, String>, directory: &Path) -> Ending {
    let ending = match outcome {
        Ok(Outcome::Finished { .. }) => ended(State::Finished, ""),
        Ok(Outcome::Stopped { why, value: None }) => ended(State::Stopped, why),
        Ok(Outcome::Stopped { why, value: Some(value) }) => ended(State::Stopped, format!("{why}: {value}")),
        Ok(Outcome::Refused { why }) => ended(State::Refused, why.join("; ")),
        Ok(Outcome::Failed { why }) | Err(why) => ended(State::Failed, why),
    };
    let steps = entries(directory).unwrap_or_default();
    let verdict = verdicts(&steps).max().map(|verdict| verdict.to_string());
    Ending { verdict, runs: runs(&steps, directory), ..ending }
}

fn verdicts(steps: &[Entry]) -> impl Iterator<Item = Verdict> {
    steps.iter().filter_map(|entry| match &entry.event {
        Event::RunEnded { verdict, .. } => *verdict,
        _ => None,
    })
}

/// The runs of a day, as far as there is something to be shown of them.
fn runs(steps: &[Entry], directory: &Path) -> Vec<RunRecord> {
    let begun = |number: usize| {
        steps.iter().find_map(|entry| match &entry.event {
            Event::RunBegins { run, scenario, gateway } if *run == number => Some((scenario, gateway)),
            _ => None,
        })
    };
    let runs = steps.iter().filter_map(|entry| {
        let Event::RunEnded { run, dir: Some(dir), verdict, .. } = &entry.event else { return None };
        let (scenario, gateway) = begun(*run)?;
        let report = assess::report_of(&directory.join(dir)).ok();
        let count = |wanted| count(report.as_ref(), wanted);
        Some(RunRecord {
            scenario: scenario.clone(),
            gateway: gateway.clone(),
            verdict: verdict.map(|verdict| verdict.to_string()).unwrap_or_default(),
            failed: count(Verdict::Fail),
            inconclusive: count(Verdict::Inconclusive),
            passed: count(Verdict::Pass),
            directory: dir.clone(),
        })
    });
    runs.collect()
}

fn count(report: Option<&Report>, wanted: Verdict) -> u32 {
    let findings = report.into_iter().flat_map(|report| &report.findings);
    findings.filter(|finding| finding.verdict == wanted).count() as u32
}

/// A step as JSON, with its words.
fn step(entry: &Entry) -> Value {
    json!({ "number": entry.number, "at": entry.at, "who": entry.who, "text": entry.event.to_string(), "event": entry.event })
}

/// Passes on what happens, as JSON.
struct Teller<'a>(&'a dyn Fn(Value));

impl Listener for Teller<'_> {
    fn step(&mut self, entry: &Entry) {
        (self.0)(json!({ "entry": step(entry) }));
    }

    fn standing(&mut self, standing: &Standing) {
        let runs = standing.runs.iter().map(|made| {
            let live = made.progress.as_deref().map(run::live_state);
            json!({ "run": made.run, "scenario": made.scenario, "live": live })
        });
        let stops = standing.stops.iter().map(|(condition, reading)| {
            json!({ "condition": condition, "value": reading.value, "nearness": reading.nearness, "met": reading.met })
        });
        (self.0)(json!({ "runs": runs.collect::<Vec<_>>(), "stops": stops.collect::<Vec<_>>() }));
    }
}
