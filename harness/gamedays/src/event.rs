//! The steps of a game day, and how it can end: plain data, as the timeline keeps it.

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use reports::Verdict;
use serde::{Deserialize, Serialize};

/// A step of a game day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 0.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Who took it; `brownout` for what follows from the file.
    pub who: String,
    /// What it is.
    pub event: Event,
    /// The hash of the entry before it; empty for the first.
    pub previous: String,
}

/// What a step is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The day was opened.
    Opened {
        /// Its name.
        name: String,
        /// What is practised.
        title: String,
        /// The version of brownout.
        brownout: String,
        /// The SHA-256 of the file `gameday.toml` beside the timeline.
        file: String,
        /// The directory from which paths in the file are looked up.
        base: String,
        /// The hosts and programs that are allowed by both the file and whoever started the day.
        allow_hosts: Vec<String>,
        /// See `allow_hosts`.
        allow_commands: bool,
        /// Addresses off loopback at which backends may listen, allowed by both. Absent in older timelines.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        allow_listen: Vec<IpAddr>,
    },
    /// A prerequisite is being checked.
    Checking {
        /// The prerequisite in words.
        prerequisite: String,
    },
    /// A prerequisite was checked.
    Checked {
        /// The prerequisite in words.
        prerequisite: String,
        /// Whether it is met.
        met: bool,
        /// What was found.
        found: String,
    },
    /// Somebody has agreed.
    Approval {
        /// In which role.
        role: String,
        /// When.
        given: Timestamp,
        /// With which words.
        comment: String,
        /// Why it does not count; `None` if it does.
        refused: Option<String>,
    },
    /// A web address was asked whether to go on.
    Preflight {
        /// Its address.
        url: String,
        /// Whether it said go.
        go: bool,
        /// What it said.
        found: String,
    },
    /// A run begins.
    RunBegins {
        /// Its number among the runs of the file, from 0.
        run: usize,
        /// The scenario as the file words it.
        scenario: String,
        /// The kind of gateway.
        gateway: String,
    },
    /// A run is over.
    RunEnded {
        /// Its number, from 0.
        run: usize,
        /// Its run directory, from the directory of the day.
        dir: Option<String>,
        /// What its report says, if it could be judged.
        verdict: Option<Verdict>,
        /// Why it has none, or what kept it from coming to its end.
        why: Option<String>,
    },
    /// A stop condition is met, or a person ends the day: the runs are being ended.
    Stopping {
        /// The condition in words, or the reason that the person gave.
        why: String,
        /// What was found.
        value: Option<String>,
    },
    /// The rollback is about to run.
    RollbackBegins {
        /// The program with its arguments.
        words: Vec<String>,
    },
    /// The rollback is over.
    RollbackEnded {
        /// True if its program ended with 0.
        well: bool,
        /// What became of it.
        found: String,
    },
    /// The rollback is being proven.
    ProofBegins {
        /// The scenario as the file words it.
        scenario: String,
    },
    /// The rollback is proven, or not.
    ProofEnded {
        /// True if the scenario passed.
        proven: bool,
        /// What it came to.
        found: String,
    },
    /// Somebody was told.
    Notified {
        /// Of what.
        of: String,
        /// Whom: the host.
        host: String,
        /// Whether the answer was a good one.
        well: bool,
        /// What was answered.
        found: String,
    },
    /// The day was found cut: its process had ended without a word.
    Recovered {
        /// What was under way.
        found: String,
    },
    /// The day is over.
    Closed {
        /// How it ended.
        outcome: Outcome,
        /// What has to be decided now.
        decide: Vec<String>,
    },
    /// Something that had to be decided is decided. Of several answers to a question the last one holds.
    Decided {
        /// The question, as `decide` of the file has it.
        question: String,
        /// The answer.
        answer: String,
    },
}

/// How a game day ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// All runs came to their end.
    Finished {
        /// The worst of their verdicts.
        verdict: Verdict,
    },
    /// A stop condition or a person ended it.
    Stopped {
        /// The condition in words, or the reason that the person gave.
        why: String,
        /// What was found.
        value: Option<String>,
    },
    /// It did not begin.
    Refused {
        /// What said no.
        why: Vec<String>,
    },
    /// Something of it could not be carried out, or its rollback is not proven.
    Failed {
        /// What.
        why: String,
    },
}

impl Outcome {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Finished { .. } => "finished",
            Outcome::Stopped { .. } => "stopped",
            Outcome::Refused { .. } => "refused",
            Outcome::Failed { .. } => "failed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Finished { verdict } => write!(f, "finished: {verdict}"),
            Outcome::Stopped { why, value: None } => write!(f, "stopped: {why}"),
            Outcome::Stopped { why, value: Some(value) } => write!(f, "stopped: {why}: {value}"),
            Outcome::Refused { why } => write!(f, "refused: {}", why.join("; ")),
            Outcome::Failed { why } => write!(f, "failed: {why}"),
        }
    }
}
