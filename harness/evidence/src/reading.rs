//! Reads a run directory back, whole or cut off, and finds out one that was edited.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use arrow_ipc::reader::StreamReader;
use thiserror::Error;
use units::Moment;

use crate::recorder::{fingerprint, table_names, table_path};
use crate::{Ending, Evidence, FORMAT, Manifest, Row};

/// Why a run directory can't be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The directory holds no manifest.
    #[error("{}: is not a run directory: it has no `manifest.json`", .0.display())]
    NotARun(PathBuf),
    /// A file could not be read.
    #[error("{}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A JSON document is not what this version writes.
    #[error("{}:{}:{}", path.display(), source.line(), source.column())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: serde_json::Error,
    },
    /// Written by another version.
    #[error("{}: evidence format {found}, this version reads format {FORMAT}", path.display())]
    Format {
        /// The manifest.
        path: PathBuf,
        /// The version found.
        found: u32,
    },
    /// A table does not have the bytes that were written at the end of the run.
    #[error("{}: was changed after the run: found {found}, the run wrote {expected}", path.display())]
    Edited {
        /// The table's file.
        path: PathBuf,
        /// Bytes and hash found.
        found: String,
        /// Bytes and hash that the ending lists.
        expected: String,
    },
    /// A table's columns or words are not those of this version.
    #[error("{}: is not a table of `{table}` rows as this version writes them", path.display())]
    Table {
        /// The table's file.
        path: PathBuf,
        /// The table.
        table: &'static str,
    },
}

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
    if !manifest_path.is_file() {
        return Err(ReadError::NotARun(dir.to_owned()));
    }
    let manifest: Manifest = read_json(&manifest_path)?;
    if manifest.format != FORMAT {
        return Err(ReadError::Format { path: manifest_path, found: manifest.format });
    }
    let ending_path = dir.join("ending.json");
    let ending: Option<Ending> = if ending_path.is_file() { Some(read_json(&ending_path)?) } else { None };
    if let Some(ending) = &ending {
        check_fingerprints(dir, ending)?;
    }
    // The two long tables, at the same time.
    let (exchanges, attempts) = thread::scope(|scope| {
        let attempts = scope.spawn(|| read_table(dir));
        (read_table(dir), attempts.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    let mut evidence = Evidence {
        exchanges: exchanges?,
        attempts: attempts?,
        connections: read_table(dir)?,
        probes: read_table(dir)?,
        firings: read_table(dir)?,
        hiccups: read_table(dir)?,
        ended: Moment::EPOCH,
        cut: ending.is_none(),
        early: ending.as_ref().and_then(|ending| ending.early.clone()),
        losses: ending.as_ref().map(|ending| ending.losses).unwrap_or_default(),
    };
    evidence.ended = ending.as_ref().map_or_else(|| evidence.last_moment(), |ending| ending.at);
    Ok(ReadRun { manifest, ending, evidence })
}

fn check_fingerprints(dir: &Path, ending: &Ending) -> Result<(), ReadError> {
    let show = |bytes: u64, hash: &str| format!("{bytes} bytes, hash {hash}");
    for name in table_names() {
        let path = table_path(dir, name);
        let (_, bytes, hash) =
            fingerprint(dir, name).map_err(|source| ReadError::Io { path: path.clone(), source })?;
        let expected = ending.files.iter().find(|(listed, ..)| listed == name);
        if expected
            .is_none_or(|(_, listed_bytes, listed_hash)| (*listed_bytes, listed_hash) != (bytes, &hash))
        {
            let expected = expected.map_or("no such table".into(), |(_, bytes, hash)| show(*bytes, hash));
            return Err(ReadError::Edited { path, found: show(bytes, &hash), expected });
        }
    }
    Ok(())
}

/// Reads a table up to its last whole batch: in a run that was cut, the rest of the file is no batch.
fn read_table<R: Row>(dir: &Path) -> Result<Vec<R>, ReadError> {
    let path = table_path(dir, R::NAME);
    let file = File::open(&path).map_err(|source| ReadError::Io { path: path.clone(), source })?;
    let mut rows = Vec::new();
    // A file that is cut inside its schema holds no batch either.
    let Ok(reader) = StreamReader::try_new(BufReader::new(file), None) else {
        return Ok(rows);
    };
    for batch in reader {
        let Ok(batch) = batch else { break };
        R::from_batch(&batch, &mut rows)
            .ok_or_else(|| ReadError::Table { path: path.clone(), table: R::NAME })?;
    }
    Ok(rows)
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ReadError> {
    let text = fs::read_to_string(path).map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|source| ReadError::Json { path: path.to_owned(), source })
}
