//! A game day with everything in it resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use scenario::{Diagnostic, Loaded};
use sha2::{Digest, Sha256};

use crate::file::{Occasion, When};
use crate::prerequisite::PrerequisiteSettings;
use crate::schedule::Schedule;
use crate::stop::StopSettings;
use crate::timeline::hex;

/// A game day that can be held.
#[derive(Clone, Debug)]
pub struct GameDay {
    /// Its name: that of its file, without the ending.
    pub name: String,
    /// What is practised.
    pub title: String,
    /// Why.
    pub why: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Who runs it.
    pub operator: Option<String>,
    /// Who takes the notes.
    pub note_taker: Option<String>,
    /// Addresses of runbooks.
    pub runbooks: Vec<String>,
    /// What has to be decided afterwards.
    pub decide: Vec<String>,
    /// Hosts that the file allows.
    pub allow_hosts: Vec<String>,
    /// Whether the file allows programs.
    pub allow_commands: bool,
    /// Addresses that the file allows backends to listen at.
    pub allow_listen: Vec<IpAddr>,
    /// The runs: those of a stage are made side by side, one stage after the other.
    pub stages: Vec<Vec<PlannedRun>>,
    /// When it comes round.
    pub schedule: Option<Schedule>,
    /// Where its schedule stands in the text.
    pub schedule_at: Range<usize>,
    /// Who has to agree.
    pub approvals: Vec<ApprovalRule>,
    /// Who is asked last.
    pub preflights: Vec<Preflight>,
    /// What has to hold.
    pub prerequisites: Vec<PrerequisiteSettings>,
    /// What ends it.
    pub stops: Vec<StopSettings>,
    /// How all is undone.
    pub rollback: Option<Rollback>,
    /// Who is told.
    pub notifies: Vec<Notify>,
    /// The scenarios that prerequisites and the rollback name, by the word that names them.
    pub further: BTreeMap<String, PlannedRun>,
    /// The directory of the file, from which paths in it are looked up.
    pub base: PathBuf,
    /// The file as it was named.
    pub origin: String,
    /// The file's text.
    pub text: String,
    /// What will probably not do what was meant.
    pub warnings: Vec<Diagnostic>,
}

/// A run of a game day.
#[derive(Clone, Debug)]
pub struct PlannedRun {
    /// The scenario as the file words it.
    pub scenario: String,
    /// Where it was read from.
    pub path: PathBuf,
    /// The scenario.
    pub loaded: Loaded,
}

/// How many people of a role have to agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRule {
    /// The role.
    pub role: String,
    /// How many different people, at least 1.
    pub count: u32,
    /// How old an approval may be.
    pub within: Duration,
    /// Whether whoever asked may be one of them.
    pub by_asker: bool,
}

/// A web address that can say no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preflight {
    /// The address.
    pub url: String,
    /// How long its answer may take.
    pub within: Duration,
}

/// How all is undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollback {
    /// The program with its arguments.
    pub words: Vec<String>,
    /// When it runs.
    pub when: When,
    /// The scenario that proves it, by the word that names it among `further`.
    pub proof: Option<String>,
    /// How long the program may take.
    pub within: Duration,
}

/// Who is told of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// Where it is posted.
    pub url: String,
    /// Of what.
    pub on: BTreeSet<Occasion>,
    /// The variable of the environment that holds the secret for the signature.
    pub secret: Option<String>,
}

impl GameDay {
    /// Its runs, in order.
    pub fn runs(&self) -> impl Iterator<Item = &PlannedRun> {
        self.stages.iter().flatten()
    }

    /// How long its phases take: of runs side by side the longest counts.
    pub fn length(&self) -> Duration {
        let stage = |stage: &Vec<PlannedRun>| stage.iter().map(|run| run.loaded.plan.length).max();
        self.stages.iter().filter_map(stage).sum()
    }

    /// SHA-256 of all that it is made of, its scenarios included: what an approval is given for.
    pub fn digest(&self) -> String {
        let mut digest = Sha256::new();
        let scenarios = self.runs().chain(self.further.values()).map(|run| run.loaded.text.as_str());
        for text in std::iter::once(self.text.as_str()).chain(scenarios) {
            // With its length, so that no text can be taken for the end of another.
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        }
        hex(&digest.finalize())
    }

    /// The warnings as people read them; empty without any.
    pub fn render_warnings(&self, colour: bool) -> String {
        scenario::render(&self.warnings, &self.origin, &self.text, colour)
    }
}
