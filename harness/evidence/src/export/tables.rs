//! Every table as one file, in whatever format.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::{ExportError, Exported};
use crate::{Evidence, Row};

/// Rows that are turned into columns at a time.
pub(super) const GROUP: usize = 1 << 17;

/// A file format for tables.
pub(super) trait TableFormat {
    /// The name of its directory, and the ending of its files.
    const NAME: &'static str;

    /// Writes a whole table.
    fn write<R: Row>(file: File, rows: &[R]) -> io::Result<()>;
}

/// Writes every table into the directory of the format within `base`.
pub(super) fn export<F: TableFormat>(evidence: &Evidence, base: &Path) -> Result<Vec<Exported>, ExportError> {
    let dir = base.join(F::NAME);
    fs::create_dir_all(&dir).map_err(|source| ExportError { path: dir.clone(), source })?;
    Ok(vec![
        table::<F, _>(&dir, &evidence.exchanges)?,
        table::<F, _>(&dir, &evidence.attempts)?,
        table::<F, _>(&dir, &evidence.connections)?,
        table::<F, _>(&dir, &evidence.probes)?,
        table::<F, _>(&dir, &evidence.firings)?,
        table::<F, _>(&dir, &evidence.hiccups)?,
    ])
}

fn table<F: TableFormat, R: Row>(dir: &Path, rows: &[R]) -> Result<Exported, ExportError> {
    let path = dir.join(R::NAME).with_extension(F::NAME);
    match File::create(&path).and_then(|file| F::write(file, rows)) {
        Ok(()) => Ok(Exported { path, rows: rows.len() }),
        Err(source) => Err(ExportError { path, source }),
    }
}
