//! The stop conditions of a game day, watched.

use super::begin::Stage;
use crate::day::GameDay;
use crate::environment::Underway;
use crate::stop::{Look, Reading, Seen, Watch};

pub(super) struct Watches(Vec<Watched>);

struct Watched {
    words: String,
    watch: Box<dyn Watch>,
    last: Reading,
}

impl Watches {
    pub(super) fn of(day: &GameDay) -> Self {
        let watched = day.stops.iter().map(|stop| Watched {
            words: stop.contract().words(),
            watch: stop.contract().watch(),
            last: Reading::unknown("not looked at yet"),
        });
        Watches(watched.collect())
    }

    /// Looks at all of them: the first that is met, in words, with what was found. A watch that missed rows can't tell any more
    /// that all is well, and ends the day as well.
    pub(super) fn met(
        &mut self,
        stage: &Stage<'_>,
        runs: &[&dyn Underway],
    ) -> Option<(String, Option<String>)> {
        let tallies: Vec<_> = runs.iter().map(|run| run.tally()).collect();
        let seen: Vec<Seen<'_>> = runs
            .iter()
            .zip(&tallies)
            .map(|(run, tally)| Seen { tally, attempts: run.attempts(), now: run.now() })
            .collect();
        let Stage { environment, day, allowed, .. } = *stage;
        let look = Look { environment, runs: &seen, base: &day.base, allow_hosts: &allowed.hosts };
        for watched in &mut self.0 {
            watched.last = watched.watch.look(&look);
        }
        if let Some(met) = self.0.iter().find(|watched| watched.last.met) {
            return Some((met.words.clone(), Some(met.last.value.clone())));
        }
        let unseen: u64 = runs.iter().map(|run| run.unseen()).sum();
        (unseen > 0 && !self.0.is_empty()).then(|| {
            let why = "what happens could not be watched any more: the observer fell behind".to_owned();
            (why, Some(format!("{unseen} batches of rows were not seen")))
        })
    }

    /// What each of them said last.
    pub(super) fn readings(&self) -> Vec<(String, Reading)> {
        self.0.iter().map(|watched| (watched.words.clone(), watched.last.clone())).collect()
    }
}
