//! The days of a game day that were held: a directory each, by when they began.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::event::{Entry, Event, Outcome};
use crate::timeline::{BadTimeline, entries};

/// The most days that are looked at: the newest.
const DAYS_MAX: usize = 2_000;

/// A day that was held, or is being held.
#[derive(Debug)]
pub struct Held {
    /// Its directory.
    pub dir: PathBuf,
    /// Its timeline, or why it can't be believed.
    pub entries: Result<Vec<Entry>, BadTimeline>,
}

impl Held {
    /// When it was opened.
    pub fn opened(&self) -> Option<Timestamp> {
        self.entries.as_ref().ok()?.first().map(|entry| entry.at)
    }

    /// How it ended, and when; `None` while it goes on, or if it was cut.
    pub fn outcome(&self) -> Option<(Timestamp, &Outcome)> {
        let entries = self.entries.as_ref().ok()?;
        entries.iter().rev().find_map(|entry| match &entry.event {
            Event::Closed { outcome, .. } => Some((entry.at, outcome)),
            _ => None,
        })
    }
}

/// The days in the directory of a game day, the newest first.
pub fn held(history: &Path) -> Vec<Held> {
    let Ok(found) = fs::read_dir(history) else { return Vec::new() };
    let days = found.filter_map(Result::ok).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut dirs: Vec<PathBuf> = days.map(|entry| entry.path()).collect();
    // Their names are times.
    dirs.sort_by(|one, other| other.cmp(one));
    dirs.truncate(DAYS_MAX);
    dirs.into_iter().map(|dir| Held { entries: entries(&dir), dir }).collect()
}

/// The last day, but for one, that came to an outcome after its runs had begun.
pub(crate) fn last_finished(history: &Path, but: &Path) -> Option<(Timestamp, Outcome)> {
    held(history).iter().filter(|day| day.dir != but).find_map(|day| {
        let (at, outcome) = day.outcome()?;
        (!matches!(outcome, Outcome::Refused { .. })).then(|| (at, outcome.clone()))
    })
}
