//! What a game day is begun with, and its steps in order.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gateways::Allowed;
use run::Progress;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::gate::refusals;
use super::hold::hold;
use super::journal::Journal;
use super::rollback::{after, asks_for_rollback, undo};
use super::tell::tell;
use crate::approvals::Approval;
use crate::day::GameDay;
use crate::environment::Environment;
use crate::event::{Entry, Event, Outcome};
use crate::file::Occasion;
use crate::stop::Reading;
use crate::timeline::{BROWNOUT, Timeline, hex};

/// The copy of the file in the directory of a day.
pub(crate) const FILE: &str = "gameday.toml";

/// Where runs are kept in the directory of a day.
pub(crate) const RUNS: &str = "runs";

/// What whoever begins a game day decides.
#[derive(Clone, Debug)]
pub struct Orders {
    /// Where all of it is recorded. It is not there yet; its parents are made.
    pub directory: PathBuf,
    /// Who asked for it; `None`: its schedule.
    pub asked_by: Option<String>,
    /// Who agreed.
    pub approvals: Vec<Approval>,
    /// What is allowed. The file has to allow it as well.
    pub allowed: Allowed,
    /// Ends it in order: no request is sent any more, and what has to be undone is undone.
    pub stop: CancellationToken,
}

/// A run that is under way, for people.
#[derive(Clone)]
pub struct RunMade {
    /// Its number among the runs of the file, from 0.
    pub run: usize,
    /// The scenario as the file words it.
    pub scenario: String,
    /// Its live state.
    pub progress: Option<Arc<Progress>>,
}

/// How a game day stands while runs are under way.
#[derive(Clone, Default)]
pub struct Standing {
    /// The runs that are under way.
    pub runs: Vec<RunMade>,
    /// The stop conditions in words, each with what it says.
    pub stops: Vec<(String, Reading)>,
}

/// Who hears of a game day while it goes on. What it does takes no time.
pub trait Listener {
    /// A step is on disk, and about to be taken.
    fn step(&mut self, entry: &Entry);
    /// How it stands, twice a second while runs are under way.
    fn standing(&mut self, standing: &Standing) {
        let _ = standing;
    }
}

/// Why a game day could not be begun, or not be recorded to its end.
#[derive(Debug, thiserror::Error)]
pub enum ConductError {
    /// Its directory can't be made, or is there already.
    #[error("{}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It was ended at once, before it was undone. Its timeline is left open, for whoever recovers it.
    #[error(
        "{}: it was ended at once, and what it has done is not undone\nhelp: `brownout gameday recover {}` judges what is \
         recorded, and runs the rollback",
        path.display(),
        path.display()
    )]
    GivenUp {
        /// The directory.
        path: PathBuf,
    },
    /// Its timeline could not be written any more. What was under way was ended, and undone.
    #[error(
        "{}: {source}: the game day was ended, because nothing of it would be on record: {outcome}",
        path.display()
    )]
    Unrecorded {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// How it ended.
        outcome: Outcome,
    },
}

/// Holds a game day, from its approvals to the proof that all is undone. Returns when all is over.
pub fn conduct(
    day: &GameDay,
    orders: &Orders,
    environment: &dyn Environment,
    listener: &mut dyn Listener,
) -> Result<Outcome, ConductError> {
    let dir = &orders.directory;
    let in_directory = |source| ConductError::Directory { path: dir.clone(), source };
    open(day, dir).map_err(in_directory)?;
    let timeline = Timeline::create(dir).map_err(in_directory)?;
    let allowed = both(day, &orders.allowed);
    let stage = Stage { day, dir, environment, allowed: &allowed, stop: &orders.stop };
    let mut journal = Journal::new(timeline, environment, listener);
    let who = orders.asked_by.as_deref().unwrap_or(BROWNOUT);
    journal.note_by(who, opened(day, &allowed));
    let refused = refusals(&stage, orders, &mut journal);
    let outcome = if !refused.is_empty() {
        Outcome::Refused { why: refused }
    } else if orders.stop.is_cancelled() {
        Outcome::Stopped { why: "ended by hand before its runs began".to_owned(), value: None }
    } else {
        tell(&stage, &mut journal, Occasion::Started, &day.title);
        let held = hold(&stage, &mut journal);
        if environment.is_given_up() && asks_for_rollback(day, &held) {
            return Err(ConductError::GivenUp { path: dir.clone() });
        }
        match undo(&stage, &mut journal, &held) {
            Ok(()) => held,
            Err(why) => after(&held, &why),
        }
    };
    journal.close(&stage, &outcome);
    match journal.broken() {
        None => Ok(outcome),
        Some(source) => Err(ConductError::Unrecorded { path: dir.clone(), source, outcome }),
    }
}

/// What all steps of a day share.
pub(super) struct Stage<'a> {
    pub(super) day: &'a GameDay,
    pub(super) dir: &'a Path,
    pub(super) environment: &'a dyn Environment,
    /// What both the file and whoever began it allow.
    pub(super) allowed: &'a Allowed,
    pub(super) stop: &'a CancellationToken,
}

impl Stage<'_> {
    pub(super) fn runs_dir(&self) -> PathBuf {
        self.dir.join(RUNS)
    }
}

/// Makes the directory, with a copy of the file in it.
fn open(day: &GameDay, dir: &Path) -> io::Result<()> {
    if let Some(parent) = dir.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::create_dir(dir)?;
    let mut copy = File::create_new(dir.join(FILE))?;
    copy.write_all(day.text.as_bytes())?;
    copy.sync_all()
}

/// What is allowed on both sides.
pub(super) fn both(day: &GameDay, allowed: &Allowed) -> Allowed {
    let by_file = |host: &&String| day.allow_hosts.iter().any(|own| own.eq_ignore_ascii_case(host));
    Allowed {
        hosts: allowed.hosts.iter().filter(by_file).cloned().collect(),
        commands: allowed.commands && day.allow_commands,
        listen: allowed.listen.iter().filter(|own| day.allow_listen.contains(own)).copied().collect(),
    }
}

fn opened(day: &GameDay, allowed: &Allowed) -> Event {
    Event::Opened {
        name: day.name.clone(),
        title: day.title.clone(),
        brownout: env!("CARGO_PKG_VERSION").to_owned(),
        file: hex(&Sha256::digest(&day.text)),
        base: std::path::absolute(&day.base).unwrap_or_else(|_| day.base.clone()).display().to_string(),
        allow_hosts: allowed.hosts.clone(),
        allow_commands: allowed.commands,
        allow_listen: allowed.listen.clone(),
    }
}
