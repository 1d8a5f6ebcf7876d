//! The evidence of a run for other tools. Each format writes into a directory of its own name.
//!
//! A new export is one file here (its kind, what it writes, its tests), its `mod` line, and its line in the registry below.

mod columns;
mod csv;
mod har;
mod names;
mod otlp;
mod parquet;
mod tables;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use archive::{Manifest, ReadRun};
use evidence::{Evidence, Ledger};
use thiserror::Error;

pub use self::columns::{Described, tables};
pub use self::names::{Names, Request};

/// Every export, in the order in which lists show them.
pub static EXPORTS: &[ExportKind] = &[parquet::KIND, csv::KIND, har::KIND, otlp::KIND];

/// A way to write evidence.
#[derive(Clone, Copy)]
pub struct ExportKind {
    /// The name by which it is chosen, and that of its directory.
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub summary: &'static str,
    /// What it contains and who reads it, in Markdown.
    pub docs: &'static str,
    /// What its files count: `rows`.
    pub unit: &'static str,
    write: Write,
}

/// How the files of an export are written into its directory, which exists.
#[derive(Clone, Copy)]
enum Write {
    /// From the rows as they were recorded.
    Rows(fn(&Evidence, &Names<'_>, &Path) -> Result<Vec<Exported>, ExportError>),
    /// From exchanges with their attempts.
    Exchanges(fn(&Run<'_>, &Path) -> Result<Vec<Exported>, ExportError>),
}

/// A run whose exchanges are joined with their attempts.
struct Run<'a> {
    manifest: &'a Manifest,
    ledger: &'a Ledger,
    names: &'a Names<'a>,
}

/// Writes the run in each of these ways, each into `base/NAME`, which is made. First from the rows and then from joined
/// exchanges, so that a long run is not in memory twice.
pub fn export(
    kinds: &[&'static ExportKind],
    run: ReadRun,
    names: &Names<'_>,
    base: &Path,
) -> Result<Vec<(&'static ExportKind, Vec<Exported>)>, ExportError> {
    let mut written = Vec::new();
    for kind in kinds {
        if let Write::Rows(write) = kind.write {
            written.push((*kind, write(&run.evidence, names, &directory(kind, base)?)?));
        }
    }
    if kinds.iter().all(|kind| matches!(kind.write, Write::Rows(_))) {
        return Ok(written);
    }
    let run = Run { manifest: &run.manifest, ledger: &Ledger::join(run.evidence), names };
    for kind in kinds {
        if let Write::Exchanges(write) = kind.write {
            written.push((*kind, write(&run, &directory(kind, base)?)?));
        }
    }
    Ok(written)
}

fn directory(kind: &ExportKind, base: &Path) -> Result<PathBuf, ExportError> {
    let path = base.join(kind.name);
    match std::fs::create_dir_all(&path) {
        Ok(()) => Ok(path),
        Err(source) => Err(ExportError { path, source }),
    }
}

impl fmt::Debug for ExportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportKind").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A file that was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Exported {
    /// The file.
    pub path: PathBuf,
    /// How many rows or entries it has.
    pub rows: usize,
    /// What it leaves out, if it does.
    pub left_out: Option<String>,
}

/// A file that could not be written.
#[derive(Debug, Error)]
#[error("{}", path.display())]
pub struct ExportError {
    /// The file, or the directory for it.
    pub path: PathBuf,
    /// What is wrong.
    pub source: io::Error,
}
