//! The contract of stop conditions.

use std::path::Path;

use units::Moment;

use crate::day::PlannedRun;
use crate::environment::Environment;
use crate::tally::Tally;

/// What is known of a game day before it begins, to tell whether a condition can ever be met.
pub struct Cast<'a> {
    /// Its runs.
    pub runs: Vec<&'a PlannedRun>,
    /// The hosts that its file allows.
    pub allow_hosts: &'a [String],
}

/// A run under way, as a stop condition sees it.
pub struct Seen<'a> {
    /// What is counted of it.
    pub tally: &'a Tally,
    /// Attempts that have reached each backend so far.
    pub attempts: Vec<u64>,
    /// The time since its epoch; `None` before it.
    pub now: Option<Moment>,
}

/// What a condition looks at.
pub struct Look<'a> {
    /// The world.
    pub environment: &'a dyn Environment,
    /// The runs that are under way.
    pub runs: &'a [Seen<'a>],
    /// The directory of the game day's file.
    pub base: &'a Path,
    /// The hosts beyond this machine that may be asked.
    pub allow_hosts: &'a [String],
}

/// What a condition says at one look.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What was found, in words: `24 % of 210 exchanges failed`.
    pub value: String,
    /// True if it ends the game day.
    pub met: bool,
    /// How near it is: 1 where it is met, 0 where all is well; `None` where it can't be told.
    pub nearness: Option<f64>,
}

impl Reading {
    /// Nothing can be told yet.
    pub fn unknown(why: impl Into<String>) -> Self {
        Reading { value: why.into(), met: false, nearness: None }
    }

    /// A figure against the bound that it must not exceed.
    pub fn of(value: impl Into<String>, figure: f64, bound: f64) -> Self {
        let nearness = if bound > 0.0 { (figure / bound).min(1.0) } else { f64::from(figure > 0.0) };
        Reading { value: value.into(), met: figure > bound, nearness: Some(nearness) }
    }

    /// The one of several that is worst: what ends the day, else what is nearest to it.
    pub fn worst(readings: impl IntoIterator<Item = Reading>) -> Option<Reading> {
        let rank = |reading: &Reading| (reading.met, reading.nearness.unwrap_or(-1.0));
        readings.into_iter().reduce(|worst, next| {
            let (now, then) = (rank(&next), rank(&worst));
            if now.0 && !then.0 || now.0 == then.0 && now.1 > then.1 { next } else { worst }
        })
    }
}

/// A kind of stop condition.
pub trait Stop {
    /// Why it can't be used or never be met in this game day, if so.
    fn problem(&self, cast: &Cast<'_>) -> Option<String>;

    /// The condition in words: `more than 20 % of exchanges fail over 10 s`.
    fn words(&self) -> String;

    /// Begins to watch.
    fn watch(&self) -> Box<dyn Watch>;
}

/// A stop condition that is watched.
pub trait Watch {
    /// Looks.
    fn look(&mut self, look: &Look<'_>) -> Reading;
}
