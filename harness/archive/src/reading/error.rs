//! Why a run directory can't be read.

use std::io;
use std::path::PathBuf;

use evidence::Misfit;
use thiserror::Error;

use crate::{FORMAT, OLDEST_FORMAT};

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
    /// Something else stands where a file should: a run writes plain files only, and reading a pipe may never end.
    #[error("{}: expected a regular file, found {found}", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What stands there.
        found: &'static str,
    },
    /// A document is larger than any that a run writes.
    #[error("{}: has {bytes} bytes, at most {limit} are read", path.display())]
    TooLarge {
        /// The document.
        path: PathBuf,
        /// Its size in bytes.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A JSON document is not what this version writes.
    #[error("{}:{}:{}", path.display(), source.line(), source.column())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: serde_json::Error,
    },
    /// Written by a version that this one does not know, or no longer.
    #[error(
        "{}: found evidence format {found}, expected {OLDEST_FORMAT} to {FORMAT}\nhelp: {}",
        path.display(),
        way_out(*found)
    )]
    Format {
        /// The manifest.
        path: PathBuf,
        /// The version found.
        found: u32,
    },
    /// A file does not have the bytes that the run wrote.
    #[error(
        "{}: was changed after the run: found {found}, the run wrote {expected}\nhelp: run the scenario again: what was \
         changed proves nothing",
        path.display()
    )]
    Edited {
        /// The file.
        path: PathBuf,
        /// Bytes and hash found.
        found: String,
        /// Bytes and hash that the ending lists.
        expected: String,
    },
    /// A table lacks what this version can't do without.
    #[error("{}: is not a table of `{table}` rows: {misfit}", path.display())]
    Table {
        /// The table's file.
        path: PathBuf,
        /// The table.
        table: &'static str,
        /// What it lacks.
        misfit: Misfit,
    },
}

fn way_out(found: u32) -> &'static str {
    if found > FORMAT {
        "a newer brownout recorded it: judge it with that one"
    } else {
        "judge it with the brownout that recorded it, or run the scenario again"
    }
}
