//! The comparison of two runs, or of a run with its baseline: one versioned document, and its formats.
//!
//! As with reports, a format shows what the document says and works nothing out.

mod curves;
pub(crate) mod html;
mod json;
mod markdown;
#[cfg(test)]
mod sample;
mod terminal;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::format::Options;

/// The version of the document's schema.
pub const COMPARISON_VERSION: u32 = 1;

/// What became of the figures and findings of one run in another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The version of the schema.
    pub version: u32,
    /// The scenario's name.
    pub scenario: String,
    /// What is compared with.
    pub before: Side,
    /// What is compared.
    pub after: Side,
    /// The answer to all of it.
    pub answer: Answer,
    /// How figures were compared, in sentences: error rate, correction, smallest effects.
    pub method: Vec<String>,
    /// What limits the comparison.
    pub remarks: Vec<String>,
    /// The rows: what changed for the worse first, what is the same last.
    pub changes: Vec<Change>,
    /// Distributions to be laid over each other; empty for a comparison with a baseline.
    pub overlays: Vec<Overlay>,
}

/// One of the two that are compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// The run's name, or where the baseline lies.
    pub run: String,
    /// When it was started, RFC 3339.
    pub started: String,
    /// The gateway's kind and version.
    pub gateway: String,
    /// The seed.
    pub seed: u64,
    /// True if sockets and time were simulated.
    pub simulated: bool,
}

/// The answer to a whole comparison; the worst row decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Nothing changed, as far as can be told.
    Same,
    /// Something changed, all of it for the better.
    Better,
    /// It can't be told of something that matters.
    CantTell,
    /// Something changed, and only its people know whether that is good.
    Changed,
    /// Something got worse.
    Worse,
}

/// What can be said of one figure or finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// It did not change, to the resolution that `because` names.
    Same,
    /// It changed.
    Changed,
    /// It can't be told; `needed` says what it would take.
    CantTell,
}

/// Whether a change is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Course {
    /// For the better.
    Better,
    /// For the worse.
    Worse,
    /// It depends on what was wanted.
    Open,
}

/// What kind of thing a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// A finding's verdict.
    Finding,
    /// How requests ended.
    Outcome,
    /// Attempts, retries, shares of backends.
    Behaviour,
    /// Timers and pauses between attempts.
    Timer,
    /// Breakers.
    Breaker,
    /// Response and service times.
    Latency,
    /// What requests cost at the backends.
    Cost,
}

/// One row of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The name of the figure or finding, which stays the same from run to run.
    pub id: String,
    /// What kind of thing it is.
    pub group: Group,
    /// What it is, in words: `attempts for each request of writes in outage`.
    pub what: String,
    /// Its value before, with its unit; `–` where there was none.
    pub before: String,
    /// Its value after.
    pub after: String,
    /// What can be said of it.
    pub word: Word,
    /// Whether a change is good; absent without a change.
    pub course: Option<Course>,
    /// Why.
    pub because: String,
    /// What it would take to tell, where it can't be told.
    pub needed: Option<String>,
    /// True if not being able to tell keeps the whole comparison open.
    pub matters: bool,
}

/// A distribution before and after.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Overlay {
    /// What is shown: `response time of reads in outage`.
    pub what: String,
    /// Upper bound in microseconds, and count, by length.
    pub before: Vec<(u64, u64)>,
    /// The same of the other run.
    pub after: Vec<(u64, u64)>,
}

impl Comparison {
    /// What the rows come to.
    pub fn answer_of(changes: &[Change]) -> Answer {
        let answers = changes.iter().map(|change| match (change.word, change.course) {
            (Word::Changed, Some(Course::Worse)) => Answer::Worse,
            (Word::Changed, Some(Course::Better)) => Answer::Better,
            (Word::Changed, _) => Answer::Changed,
            (Word::CantTell, _) if change.matters => Answer::CantTell,
            _ => Answer::Same,
        });
        answers.max().unwrap_or(Answer::CantTell)
    }

    /// The rows of a word and course.
    pub(crate) fn rows(&self, word: Word, course: Option<Course>) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.word == word && change.course == course)
    }

    /// The answer in a sentence.
    pub(crate) fn sentence(&self) -> String {
        let count = |word, course| self.rows(word, course).count();
        let worse = count(Word::Changed, Some(Course::Worse));
        let better = count(Word::Changed, Some(Course::Better));
        let open = count(Word::Changed, Some(Course::Open)) + count(Word::Changed, None);
        let unknown = self.changes.iter().filter(|change| change.word == Word::CantTell).count();
        let same = self.changes.iter().filter(|change| change.word == Word::Same).count();
        format!(
            "{worse} worse, {better} better, {open} changed either way, {unknown} can't be told, {same} the same."
        )
    }
}

impl Answer {
    /// The word that it is announced with.
    pub fn word(self) -> &'static str {
        match self {
            Answer::Same => "SAME",
            Answer::Better => "BETTER",
            Answer::CantTell => "CAN'T TELL",
            Answer::Changed => "CHANGED",
            Answer::Worse => "WORSE",
        }
    }
}

impl Change {
    /// What is said of the row, in a word or two.
    pub(crate) fn said(&self) -> &'static str {
        match (self.word, self.course) {
            (Word::Same, _) => "same",
            (Word::CantTell, _) => "can't tell",
            (Word::Changed, Some(Course::Better)) => "better",
            (Word::Changed, Some(Course::Worse)) => "worse",
            (Word::Changed, _) => "changed",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Group::Finding => "findings",
            Group::Outcome => "outcomes",
            Group::Behaviour => "behaviour",
            Group::Timer => "timers",
            Group::Breaker => "breakers",
            Group::Latency => "latency",
            Group::Cost => "cost",
        })
    }
}

/// A way to write a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparisonFormat {
    /// For people, on a terminal.
    Terminal,
    /// For comments on a pull request.
    Markdown,
    /// One file for people, with the distributions laid over each other.
    Html,
    /// The whole document.
    Json,
}

impl ComparisonFormat {
    /// Writes the comparison. The same comparison gives the same bytes; what fails is only the writing itself.
    pub fn render(
        self,
        comparison: &Comparison,
        options: Options,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let text = match self {
            ComparisonFormat::Terminal => terminal::text(comparison, options),
            ComparisonFormat::Markdown => markdown::text(comparison),
            ComparisonFormat::Html => html::page(comparison).into_string() + "\n",
            ComparisonFormat::Json => json::text(comparison)?,
        };
        out.write_all(text.as_bytes())
    }
}
