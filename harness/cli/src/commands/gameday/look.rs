//! Game days, looked at, and what is decided of them: nothing is run.

use std::path::{Path, PathBuf};

use anyhow::Result;
use gamedays::{BadTimeline, DecideError, Environment, Held, Machine, decisions, describe, examine, held};
use scenario::Severity;

use super::files::{each, load};
use crate::exit::Exit;
use crate::output::{complain, complain_of, harmless, print};

pub(super) fn check(files: &[PathBuf]) -> Result<Exit> {
    each_of(files, |path| {
        let Some(day) = load(path) else { return Ok(Exit::Usage) };
        let found = examine(&day, Machine::default().now());
        if !found.is_empty() {
            complain_of(|colour| scenario::render(&found, &day.origin, &day.text, colour));
        }
        if found.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            return Ok(Exit::Usage);
        }
        print(&harmless(&format!("{}: ok\n", path.display()))).map(|()| Exit::Pass)
    })
}

pub(super) fn plan(file: &Path, markdown: bool) -> Result<Exit> {
    let Some(day) = load(file) else { return Ok(Exit::Usage) };
    let description = describe(&day, Machine::default().now());
    let text = if markdown { description.markdown() } else { description.to_string() };
    print(&harmless(&text)).map(|()| Exit::Pass)
}

pub(super) fn list(files: &[PathBuf], dir: &Path) -> Result<Exit> {
    let now = Machine::default().now();
    each_of(files, |path| {
        let Some(day) = load(path) else { return Ok(Exit::Usage) };
        let next = match &day.schedule {
            None => "when somebody starts it".to_owned(),
            Some(schedule) => match schedule.next(now) {
                Some(next) => schedule.local(next),
                None => "never".to_owned(),
            },
        };
        let history = held(&dir.join(&day.name));
        let last = match history.first() {
            None => "not held yet".to_owned(),
            Some(last) => match (&last.entries, last.outcome()) {
                (Err(why), _) => format!("can't be read: {why}"),
                (_, Some((at, outcome))) => format!("{} {outcome}", at.strftime("%Y-%m-%d %H:%M")),
                (Ok(_), None) => format!(
                    "under way, or cut: `brownout gameday recover {}` brings one that was cut to its end",
                    last.dir.display()
                ),
            },
        };
        let open: String = history.first().map(undecided).unwrap_or_default();
        print(&harmless(&format!("{}: {}\n  next: {next}\n  last: {last}\n{open}", day.name, day.title)))?;
        Ok(Exit::Pass)
    })
}

/// The questions of a day that are open, a line each.
fn undecided(day: &Held) -> String {
    let entries = day.entries.as_deref().unwrap_or_default();
    let decisions = decisions(entries);
    let open = (1..).zip(&decisions).filter(|(_, decision)| decision.answer.is_none());
    let lines = open.map(|(number, decision)| format!("  to be decided ({number}): {}\n", decision.question));
    lines.collect()
}

pub(super) fn decide(day: &Path, number: usize, who: &str, answer: &str) -> Result<Exit> {
    match gamedays::decide(day, number, who, answer, Machine::default().now()) {
        Ok(entry) => print(&harmless(&format!("{}\n", entry.event))).map(|()| Exit::Pass),
        Err(error) => {
            complain(&format_args!("error: {}: {error}", day.display()));
            Ok(match error {
                DecideError::Timeline(BadTimeline::Held(_) | BadTimeline::Io(..)) => Exit::Environment,
                _ => Exit::Usage,
            })
        }
    }
}

fn each_of(files: &[PathBuf], look: impl Fn(&Path) -> Result<Exit>) -> Result<Exit> {
    match each(files) {
        Ok(paths) => paths.iter().try_fold(Exit::Pass, |exit, path| Ok(exit.max(look(path)?))),
        Err(error) => {
            complain(&format_args!("error: {error:#}"));
            Ok(Exit::Usage)
        }
    }
}
