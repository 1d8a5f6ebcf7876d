//! What a game day does to the world, as a contract: so that its conduct can be tried with a clock that tests move.
//!
//! Nothing here blocks: what takes time is [`Pending`] and looked at again and again, so that a stop condition is never kept
//! from being looked at by something else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gateways::Allowed;
use jiff::Timestamp;
use reports::Verdict;
use run::Progress;
use units::Moment;

use crate::day::PlannedRun;
use crate::tally::Tally;

/// Something that takes time: `None` until it is over. Dropping it gives it up.
pub type Pending<T> = Box<dyn FnMut() -> Option<T>>;

/// A web address that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// `http://` or `https://`. Whether it may be asked was checked before.
    pub url: String,
    /// What is posted: its headers, and its body. Without it, the request is a GET.
    pub post: Option<Post>,
    /// How long the whole of it may take.
    pub within: Duration,
}

/// What is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Its headers beside the length.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

/// A program that is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// The directory in which it runs.
    pub dir: PathBuf,
    /// Variables that it has beside those of this process.
    pub variables: Vec<(String, String)>,
    /// The file to which all that it prints goes.
    pub output: PathBuf,
    /// How long it may take. Then it is killed, with all that it has started.
    pub within: Duration,
}

/// What became of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// The code with which it ended; `None` if a signal ended it.
    pub code: Option<i32>,
    /// The end of what it printed.
    pub output: String,
}

/// A run that is to be made.
pub struct RunOrder<'a> {
    /// Which.
    pub run: &'a PlannedRun,
    /// Where its run directory is made.
    pub out: &'a Path,
    /// What it may do.
    pub allowed: Allowed,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunEnd {
    /// Where its evidence is.
    pub dir: Option<PathBuf>,
    /// What its report says, if it could be judged.
    pub verdict: Option<Verdict>,
    /// Why it has none, or what kept it from coming to its end.
    pub why: Option<String>,
}

/// A run that is under way.
pub trait Underway {
    /// What is counted of it.
    fn tally(&self) -> Arc<Tally>;
    /// Attempts that have reached each backend so far.
    fn attempts(&self) -> Vec<u64>;
    /// The time since its epoch; `None` while it is being started.
    fn now(&self) -> Option<Moment>;
    /// Its live state, for people.
    fn progress(&self) -> Option<Arc<Progress>> {
        None
    }
    /// How many batches of rows were not seen, because the observer fell behind.
    fn unseen(&self) -> u64 {
        0
    }
    /// Ends it in order: no request is sent any more, and what was recorded is judged.
    fn interrupt(&self);
    /// How it ended; `None` until then.
    fn ended(&mut self) -> Option<RunEnd>;
}

/// The world, as far as a game day acts in it.
pub trait Environment {
    /// The time by the clock on the wall.
    fn now(&self) -> Timestamp;
    /// Lets time pass.
    fn pause(&self, time: Duration);
    /// Asks a web address: the status of its answer, or why there is none.
    fn ask(&self, question: &Question) -> Pending<Result<u16, String>>;
    /// Runs a program.
    fn execute(&self, errand: &Errand) -> Pending<Result<Ran, String>>;
    /// True if there is a file of this name.
    fn exists(&self, path: &Path) -> bool;
    /// Starts a run.
    fn begin(&self, order: &RunOrder<'_>) -> Result<Box<dyn Underway>, String>;
    /// Judges a run that was cut, from its directory.
    fn judge(&self, dir: &Path) -> RunEnd;
    /// True once all has to end at once: what is pending gives up, and what begins does too.
    fn is_given_up(&self) -> bool {
        false
    }
    /// The value of a variable that holds a secret.
    fn secret(&self, variable: &str) -> Option<String>;
}

/// How often it is looked at what is pending, and at stop conditions.
pub const STEP: Duration = Duration::from_millis(50);

/// Waits for something that is pending.
pub fn wait<T>(environment: &dyn Environment, mut pending: Pending<T>) -> T {
    loop {
        if let Some(done) = pending() {
            return done;
        }
        environment.pause(STEP);
    }
}
