//! A game day whose process ended without a word: what it left is judged, and what it did is undone, once.

use std::fs;
use std::path::{Path, PathBuf};

use gateways::Allowed;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::begin::{FILE, Listener, RUNS, Stage, both};
use super::hold::ended_event;
use super::journal::Journal;
use super::rollback::{after, prove, undo};
use crate::day::GameDay;
use crate::environment::{Environment, RunEnd};
use crate::event::{Entry, Event, Outcome};
use crate::resolve::resolve;
use crate::timeline::{BadTimeline, Timeline, hex};

/// Why a day can't be recovered.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// Its timeline can't be read, or is not what was written, or another process still holds the day.
    #[error(transparent)]
    Timeline(#[from] BadTimeline),
    /// The copy of its file can't be read, or is not the one that the day began with.
    #[error("{}: {why}", path.display())]
    File {
        /// The copy.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The recovery could not be recorded.
    #[error("{}: {source}: the recovery is not on record: {outcome}", path.display())]
    Unrecorded {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
        /// How the day ended.
        outcome: Outcome,
    },
}

/// Brings a day to its end that was under way when its process ended. One that is over already is left as it is, and its outcome
/// is told.
///
/// A rollback that had begun is not run a second time, because it may have done half of its work, or run on: only its proof tells
/// then whether all is undone.
pub fn recover(
    directory: &Path,
    allowed: &Allowed,
    environment: &dyn Environment,
    listener: &mut dyn Listener,
) -> Result<Outcome, RecoverError> {
    let (timeline, entries) = Timeline::resume(directory)?;
    let closed = entries.iter().find_map(|entry| match &entry.event {
        Event::Closed { outcome, .. } => Some(outcome.clone()),
        _ => None,
    });
    if let Some(outcome) = closed {
        return Ok(outcome);
    }
    let day = day_of(directory, &entries)?;
    let allowed = both(&day, allowed);
    let never = CancellationToken::new();
    let stage = Stage { day: &day, dir: directory, environment, allowed: &allowed, stop: &never };
    let mut journal = Journal::new(timeline, environment, listener);
    let found = last_words(&entries);
    journal.note(Event::Recovered { found: found.clone() });
    judge_what_was_cut(&stage, &entries, &mut journal);
    let held = entries.iter().rev().find_map(|entry| match &entry.event {
        Event::Stopping { why, value } => Some(Outcome::Stopped { why: why.clone(), value: value.clone() }),
        _ => None,
    });
    let held = held.unwrap_or(Outcome::Failed { why: format!("the process ended without a word: {found}") });
    let undone = undo_once(&stage, &entries, &mut journal, &held);
    let outcome = match undone {
        Ok(()) => held,
        Err(why) => after(&held, &why),
    };
    journal.close(&stage, &outcome);
    match journal.broken() {
        None => Ok(outcome),
        Some(source) => Err(RecoverError::Unrecorded { path: directory.to_owned(), source, outcome }),
    }
}

/// The day as it was when it began: from the copy of its file, which has to be that one.
fn day_of(directory: &Path, entries: &[Entry]) -> Result<GameDay, RecoverError> {
    let path = directory.join(FILE);
    let wrong = |why: String| RecoverError::File { path: path.clone(), why };
    let Some(Event::Opened { name, file, base, .. }) = entries.first().map(|entry| &entry.event) else {
        return Err(wrong("the timeline does not say which game day it was".to_owned()));
    };
    let text = fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
    if hex(&Sha256::digest(&text)) != *file {
        return Err(wrong(
            "it is not the file that the day began with: nothing is run because of it".to_owned(),
        ));
    }
    let parsed = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    // Scenarios may be gone since: a rollback needs none.
    let (day, _) = resolve(&parsed, Path::new(base));
    Ok(GameDay { name: name.clone(), origin: path.display().to_string(), text, ..day })
}

/// What the last step was.
fn last_words(entries: &[Entry]) -> String {
    let Some(last) = entries.last() else { return "before its first step".to_owned() };
    let step = serde_json::to_value(&last.event).unwrap_or_default();
    let word = step.as_object().and_then(|object| object.keys().next().cloned()).unwrap_or_default();
    format!("its last step, at {}, was `{word}`", last.at)
}

/// Judges the evidence of each run that had begun and has no end on record.
fn judge_what_was_cut(stage: &Stage<'_>, entries: &[Entry], journal: &mut Journal<'_>) {
    let is_over = |run: usize| {
        entries
            .iter()
            .any(|entry| matches!(&entry.event, Event::RunEnded { run: ended, .. } if *ended == run))
    };
    let begun = entries.iter().filter_map(|entry| match &entry.event {
        Event::RunBegins { run, .. } if !is_over(*run) => Some(*run),
        _ => None,
    });
    let mut dirs = unjudged(&stage.dir.join(RUNS)).into_iter();
    for run in begun {
        let end = match dirs.next() {
            Some(dir) => stage.environment.judge(&dir),
            None => RunEnd { why: Some("it left no evidence".to_owned()), ..RunEnd::default() },
        };
        journal.note(ended_event(stage, run, &end));
    }
}

/// Run directories without a report, by name.
fn unjudged(runs: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(runs).into_iter().flatten().filter_map(Result::ok);
    let dirs =
        found.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path());
    let mut dirs: Vec<PathBuf> = dirs.filter(|dir| !dir.join("report.json").exists()).collect();
    dirs.sort();
    dirs
}

/// Undoes what was done, if that was not begun before.
fn undo_once(
    stage: &Stage<'_>,
    entries: &[Entry],
    journal: &mut Journal<'_>,
    held: &Outcome,
) -> Result<(), String> {
    let has = |is: fn(&Event) -> bool| entries.iter().any(|entry| is(&entry.event));
    if !has(|event| matches!(event, Event::RunBegins { .. })) {
        return Ok(());
    }
    let Some(rollback) = &stage.day.rollback else { return Ok(()) };
    if !has(|event| matches!(event, Event::RollbackBegins { .. })) {
        return undo(stage, journal, held);
    }
    let failed = entries.iter().any(|entry| matches!(entry.event, Event::RollbackEnded { well: false, .. }));
    let ended = has(|event| matches!(event, Event::RollbackEnded { .. }));
    if failed {
        return Err("the rollback failed".to_owned());
    }
    if !ended && rollback.proof.is_none() {
        return Err("the rollback had begun, and nothing proves that it came to its end".to_owned());
    }
    prove(stage, journal, rollback)
}
