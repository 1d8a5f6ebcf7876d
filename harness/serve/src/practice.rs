//! What the server asks of whoever holds game days, and what it is told. The server decides when and by whose leave; it
//! neither reads files of game days nor runs anything itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::store::{Approval, Firing, State};

/// When a game day comes round.
pub trait Timetable: Send + Sync {
    /// The schedule in words. A different text is a different schedule.
    fn text(&self) -> String;
    /// The first firing after a moment; `None` if there is none.
    fn next(&self, after: Timestamp) -> Option<Timestamp>;
    /// How long after its moment a firing may still begin.
    fn window(&self) -> Duration;
}

/// How many people of a role have to agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRule {
    /// The role.
    pub role: String,
    /// How many different people.
    pub count: u32,
    /// How old an approval may be when the day begins.
    pub within: Duration,
    /// Whether whoever asked for the day may be one of them.
    pub by_asker: bool,
}

/// A game day that there is a file of.
#[derive(Clone)]
pub struct Day {
    /// Its name: that of its file.
    pub name: String,
    /// What is practised; empty if the file can't be read.
    pub title: String,
    /// The whole day as a change board reads it.
    pub plan: String,
    /// What is wrong with the file; such a day is not held.
    pub problem: Option<String>,
    /// SHA-256 of all that the day is made of. An approval counts for what was approved and for nothing else.
    pub digest: String,
    /// When it comes round; without it, somebody starts it.
    pub timetable: Option<Arc<dyn Timetable>>,
    /// Who has to agree.
    pub approvals: Vec<ApprovalRule>,
}

/// A game day that is to be held.
#[derive(Clone, Debug)]
pub struct Order {
    /// The number of the firing.
    pub firing: i64,
    /// The name of the day.
    pub day: String,
    /// Who asked for it; `None`: its schedule.
    pub asked_by: Option<String>,
    /// Who agreed.
    pub approvals: Vec<Approval>,
    /// What was approved.
    pub digest: String,
    /// Where all of it is recorded. Is not there yet.
    pub directory: PathBuf,
}

/// A run that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RunRecord {
    /// The name of the scenario.
    pub scenario: String,
    /// The gateway.
    pub gateway: String,
    /// The verdict as a word; empty if there is none.
    pub verdict: String,
    /// Findings that failed.
    pub failed: u32,
    /// Findings that proved nothing.
    pub inconclusive: u32,
    /// Findings that passed.
    pub passed: u32,
    /// The run directory, below that of the game day.
    pub directory: String,
}

/// What became of a game day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// One of the states that are an end.
    pub state: State,
    /// Why, in words; empty if there is nothing to add.
    pub why: String,
    /// The worst verdict of its runs, as a word.
    pub verdict: Option<String>,
    /// Its runs.
    pub runs: Vec<RunRecord>,
}

/// Whoever holds game days.
pub trait Practice: Send + Sync + 'static {
    /// The days that there are files of, by name, as they are now or were seconds ago.
    fn days(&self) -> Vec<Day>;

    /// Holds a day, with its rollback; returns when all is over. `tell` gets each step as JSON when it is taken. `stop` ends it
    /// in order: no request is sent any more, and what has to be undone is undone. `None` if it was given up before that: whoever
    /// opens the office next has it brought to its end.
    fn hold(
        &self,
        order: &Order,
        tell: &dyn Fn(serde_json::Value),
        stop: &CancellationToken,
    ) -> Option<Ending>;

    /// Brings a day to its end that was under way when the process ended: judges what was recorded, and undoes what was
    /// done, once.
    fn recover(&self, directory: &Path) -> Ending;

    /// Tells those who are to be told that a firing was missed or refused before it began, for `why`; returns in words what
    /// became of each message.
    fn unheld(&self, firing: &Firing, why: &str) -> Vec<String>;

    /// The steps that were taken in a day, as JSON, in order; why they can't be believed, if so.
    fn timeline(&self, directory: &Path) -> Result<Vec<serde_json::Value>, String>;

    /// The questions that have to be decided after a day and are open; none if its timeline can't be believed.
    fn undecided(&self, directory: &Path) -> Vec<String>;

    /// Writes down the answer to a question that has to be decided after the day, by its number from 1; returns the step, as
    /// JSON.
    fn decide(
        &self,
        directory: &Path,
        number: usize,
        who: &str,
        answer: &str,
    ) -> Result<serde_json::Value, String>;

    /// Writes all that is known of a day that is over as one archive, and returns it.
    fn bundle(&self, directory: &Path) -> Result<PathBuf, String>;
}
