//! The evidence for other tools. Each format lies in a directory of its own name.

mod csv;
mod har;
mod parquet;
mod tables;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

pub use self::csv::export_csv;
pub use self::har::{HarRequest, HarWords, export_har};
pub use self::parquet::export_parquet;

/// A file that was written.
#[derive(Debug, PartialEq, Eq)]
pub struct Exported {
    /// The file.
    pub path: PathBuf,
    /// How many rows or entries it has.
    pub rows: usize,
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
