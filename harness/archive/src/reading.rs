//! Reads a run directory back, whole or cut off, and finds out one that was edited or damaged.
//!
//! Hashes are compared before anything is decoded. A run that was cut has none: its tables are read with care, up to the
//! last batch that can be read.

mod error;
mod files;
mod frames;
mod rows;
#[cfg(test)]
mod tests;

use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use evidence::Evidence;
use serde::Deserialize;

pub use self::error::ReadError;
use self::rows::read_table;
use crate::writing::{may_be_absent, table_names, table_path};
use crate::{Ending, FORMAT, Manifest, OLDEST_FORMAT, Seal};

/// The first format whose ending seals the manifest.
const MANIFEST_SEALED_SINCE: u32 = 2;

/// A run as it was read from disk.
pub struct ReadRun {
    /// What was run.
    pub manifest: Manifest,
    /// How it ended; absent if the run was cut.
    pub ending: Option<Ending>,
    /// The tables.
    pub evidence: Evidence,
}

/// Reads the run directory `dir`.
pub fn read_run(dir: &Path) -> Result<ReadRun, ReadError> {
    let manifest_path = dir.join("manifest.json");
    if !files::exists(&manifest_path) {
        return Err(ReadError::NotARun(dir.to_owned()));
    }
    let manifest = files::document(&manifest_path)?;
    let Versioned { format } = files::json(&manifest_path, &manifest)?;
    if !(OLDEST_FORMAT..=FORMAT).contains(&format) {
        return Err(ReadError::Format { path: manifest_path, found: format });
    }
    let ending_path = dir.join("ending.json");
    let ending: Option<Ending> = if files::exists(&ending_path) {
        Some(files::json(&ending_path, &files::document(&ending_path)?)?)
    } else {
        None
    };
    if let Some(ending) = &ending {
        check_manifest(&manifest_path, &manifest, format, ending)?;
        check_tables(dir, ending)?;
    }
    let mut evidence = read_tables(dir)?;
    if let Some(ending) = &ending {
        evidence.early.clone_from(&ending.early);
        (evidence.losses, evidence.ended) = (ending.losses, ending.at);
    } else {
        evidence.cut = true;
        evidence.ended = evidence.last_moment();
    }
    Ok(ReadRun { manifest: files::json(&manifest_path, &manifest)?, ending, evidence })
}

/// What every manifest says, whatever its format.
#[derive(Deserialize)]
struct Versioned {
    format: u32,
}

fn check_manifest(path: &Path, manifest: &[u8], format: u32, ending: &Ending) -> Result<(), ReadError> {
    match &ending.manifest {
        None if format < MANIFEST_SEALED_SINCE => Ok(()),
        sealed => check(path, &Seal::of_bytes(manifest), sealed.as_ref()),
    }
}

fn check_tables(dir: &Path, ending: &Ending) -> Result<(), ReadError> {
    for name in table_names() {
        let path = table_path(dir, name);
        let sealed = ending.files.iter().find(|(listed, ..)| listed == name);
        if sealed.is_none() && may_be_absent(name) && !files::exists(&path) {
            continue;
        }
        files::regular(&path)?;
        let found = Seal::of_file(&path).map_err(files::io_at(&path))?;
        let sealed = sealed.map(|(_, bytes, hash)| Seal { bytes: *bytes, hash: hash.clone() });
        check(&path, &found, sealed.as_ref())?;
    }
    Ok(())
}

fn check(path: &Path, found: &Seal, sealed: Option<&Seal>) -> Result<(), ReadError> {
    if sealed == Some(found) {
        return Ok(());
    }
    let expected = sealed.map_or_else(|| "no such file".into(), ToString::to_string);
    Err(ReadError::Edited { path: path.to_owned(), found: found.to_string(), expected })
}

fn read_tables(dir: &Path) -> Result<Evidence, ReadError> {
    // The two long tables, at the same time.
    let (exchanges, attempts) = thread::scope(|scope| {
        let attempts = scope.spawn(|| read_table(dir));
        (read_table(dir), attempts.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    let mut damaged = Vec::new();
    Ok(Evidence {
        exchanges: exchanges?.into_rows(&mut damaged),
        attempts: attempts?.into_rows(&mut damaged),
        connections: read_table(dir)?.into_rows(&mut damaged),
        probes: read_table(dir)?.into_rows(&mut damaged),
        firings: read_table(dir)?.into_rows(&mut damaged),
        hiccups: read_table(dir)?.into_rows(&mut damaged),
        headers: read_table(dir)?.into_rows(&mut damaged),
        actions: read_table(dir)?.into_rows(&mut damaged),
        samples: read_table(dir)?.into_rows(&mut damaged),
        log_lines: read_table(dir)?.into_rows(&mut damaged),
        damaged,
        ..Evidence::default()
    })
}
