//! What the client saw as an HTTP Archive (HAR 1.2), for the network view of browsers and what else reads it.
//!
//! An entry is an exchange, and begins when it was due: the time until it was sent is what HAR calls blocked. What has no
//! place in HAR stands in fields that begin with `_`, as the format provides: the attempts behind an exchange, and how it
//! ended. Entries are made while they are written, so that a long run is not in memory twice.

mod entry;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use ::har::v1_2 as spec;
use archive::Manifest;
use evidence::{Entry, Ledger};
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};
use units::Moment;

use crate::{ExportError, ExportKind, Exported, Names, Run};

pub(crate) const KIND: ExportKind = ExportKind {
    name: "har",
    summary: "The exchanges with their attempts as an HTTP Archive, for browsers' network views.",
    docs: "`har/run.har`, HAR 1.2. An entry is an exchange, and begins when it was due; the time until it was sent is what \
           HAR calls blocked. Fields that begin with `_` hold what HAR has no place for: the attempts behind an exchange, \
           and how it ended. Requests that were due and never sent have no entry; the file's comment tells how many.",
    unit: "entries",
    write: crate::Write::Exchanges(export),
};

fn export(run: &Run<'_>, dir: &Path) -> Result<Vec<Exported>, ExportError> {
    let path = dir.join("run.har");
    match write(run, &path) {
        Ok(rows) => {
            let never_sent = run.ledger.entries().len() - rows;
            let left_out = (never_sent > 0)
                .then(|| format!("{never_sent} requests that were due and never sent have no entry"));
            Ok(vec![Exported { path, rows, left_out }])
        }
        Err(source) => Err(ExportError { path, source }),
    }
}

fn write(run: &Run<'_>, path: &Path) -> io::Result<usize> {
    let Run { manifest, ledger, names } = *run;
    let started: Timestamp = manifest.started.parse().map_err(|error| {
        invalid(format!("`{}` is not when a run can have started: {error}", manifest.started))
    })?;
    if let Some(stray) = ledger.entries().find(|entry| (names.request)(entry.exchange).is_none()) {
        let class = stray.exchange.class;
        return Err(invalid(format!(
            "an exchange is of traffic class {class}, which the plan does not have"
        )));
    }
    let entries = Entries { ledger, names, started, nonce: nonce_text(manifest) };
    let sent = entries.sent().count();
    let document = Document {
        log: Log {
            version: "1.2",
            creator: spec::Creator {
                name: "brownout".into(),
                version: env!("CARGO_PKG_VERSION").into(),
                comment: None,
            },
            pages: pages(names, started),
            entries,
            comment: comment(&manifest.run, manifest.simulated, ledger.entries().len() - sent),
        },
    };
    let mut file = BufWriter::new(File::create(path)?);
    serde_json::to_writer(&mut file, &document)?;
    file.flush()?;
    Ok(sent)
}

/// The nonce as it stood in the tags of that run: format 1 had one of 8 digits.
fn nonce_text(manifest: &Manifest) -> String {
    if manifest.format < 2 { format!("{:08x}", manifest.nonce.0) } else { manifest.nonce.to_string() }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn comment(run: &str, simulated: bool, never_sent: usize) -> String {
    let world = if simulated { "simulated " } else { "" };
    format!(
        "The {world}run {run}. Headers are those on record. {never_sent} requests that were due and never sent have no entry."
    )
}

fn pages(names: &Names<'_>, started: Timestamp) -> Vec<spec::Pages> {
    let pages = names.phases.iter().enumerate().map(|(index, (name, during))| spec::Pages {
        started_date_time: wall_clock(started, during.from),
        id: page(index),
        title: name.clone(),
        ..spec::Pages::default()
    });
    pages.collect()
}

fn page(index: usize) -> String {
    format!("phase-{}", index + 1)
}

/// ISO 8601 with microseconds.
fn wall_clock(started: Timestamp, moment: Moment) -> String {
    let at = started.checked_add(SignedDuration::from_nanos(moment.0)).unwrap_or(started);
    format!("{at:.6}")
}

#[derive(Serialize)]
struct Document<'a> {
    log: Log<'a>,
}

#[derive(Serialize)]
struct Log<'a> {
    version: &'static str,
    creator: spec::Creator,
    pages: Vec<spec::Pages>,
    entries: Entries<'a>,
    comment: String,
}

struct Entries<'a> {
    ledger: &'a Ledger,
    names: &'a Names<'a>,
    started: Timestamp,
    /// The nonce as it stood in tags.
    nonce: String,
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Every one can be made: those of an unknown class were refused before.
        serializer.collect_seq(self.sent().filter_map(|entry| self.entry(entry)))
    }
}

impl<'a> Entries<'a> {
    fn sent(&self) -> impl Iterator<Item = Entry<'a>> {
        self.ledger.entries().filter(|entry| entry.exchange.was_sent())
    }
}

#[cfg(test)]
mod tests;
