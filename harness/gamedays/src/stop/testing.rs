//! Looks at made traffic.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use units::Moment;

use super::contract::Seen;
use super::{Look, Reading, Watch};
use crate::environment::{Environment, Errand, Pending, Question, Ran, RunEnd, RunOrder, Underway};
use crate::tally::Tally;

/// A world in which nothing is.
pub(crate) struct Nowhere;

impl Environment for Nowhere {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn pause(&self, _: Duration) {}
    fn ask(&self, _: &Question) -> Pending<Result<u16, String>> {
        Box::new(|| Some(Err("nobody is there".into())))
    }
    fn execute(&self, _: &Errand) -> Pending<Result<Ran, String>> {
        Box::new(|| Some(Err("nothing runs here".into())))
    }
    fn exists(&self, _: &Path) -> bool {
        false
    }
    fn begin(&self, _: &RunOrder<'_>) -> Result<Box<dyn Underway>, String> {
        Err("nothing runs here".into())
    }
    fn judge(&self, _: &Path) -> RunEnd {
        RunEnd::default()
    }
    fn secret(&self, _: &str) -> Option<String> {
        None
    }
}

/// A run of which this is known.
pub(crate) fn seen(tally: &Tally, now: Moment) -> Seen<'_> {
    Seen { tally, attempts: vec![0; tally.backends.len()], now: Some(now) }
}

/// What is read of one run, so many milliseconds after its epoch.
pub(crate) fn look_at(watch: &mut dyn Watch, tally: &Tally, millis: u64) -> Reading {
    let now = Moment::after_epoch(Duration::from_millis(millis));
    watch.look(&Look {
        environment: &Nowhere,
        runs: &[seen(tally, now)],
        base: Path::new("."),
        allow_hosts: &[],
    })
}
