//! Every table as one file, in whatever format.

use std::fs::File;
use std::io;
use std::path::Path;

use evidence::{Evidence, Row};

use crate::columns::{Exporting, exporting};
use crate::{ExportError, Exported, Names};

/// Rows that are turned into columns at a time.
pub(crate) const GROUP: usize = 1 << 17;

/// A file format for tables.
pub(crate) trait TableFormat: Sized {
    /// The ending of its files.
    const ENDING: &'static str;

    /// Begins a file with these columns, none of which has a row.
    fn begin(file: File, columns: &[Exporting]) -> io::Result<Self>;

    /// Appends rows.
    fn append(&mut self, columns: &[Exporting]) -> io::Result<()>;

    /// Ends the file.
    fn end(self) -> io::Result<()>;
}

/// Writes every table into `dir`.
pub(crate) fn export<F: TableFormat>(
    evidence: &Evidence,
    names: &Names<'_>,
    dir: &Path,
) -> Result<Vec<Exported>, ExportError> {
    Ok(vec![
        table::<F, _>(&evidence.exchanges, names, dir)?,
        table::<F, _>(&evidence.attempts, names, dir)?,
        table::<F, _>(&evidence.connections, names, dir)?,
        table::<F, _>(&evidence.probes, names, dir)?,
        table::<F, _>(&evidence.firings, names, dir)?,
        table::<F, _>(&evidence.hiccups, names, dir)?,
        table::<F, _>(&evidence.headers, names, dir)?,
        table::<F, _>(&evidence.actions, names, dir)?,
        table::<F, _>(&evidence.samples, names, dir)?,
    ])
}

fn table<F: TableFormat, R: Row>(rows: &[R], names: &Names<'_>, dir: &Path) -> Result<Exported, ExportError> {
    let path = dir.join(R::NAME).with_extension(F::ENDING);
    let write = || {
        let mut file = F::begin(File::create(&path)?, &exporting::<R>(&[], names))?;
        for group in rows.chunks(GROUP) {
            file.append(&exporting(group, names))?;
        }
        file.end()
    };
    match write() {
        Ok(()) => Ok(Exported { path, rows: rows.len(), left_out: None }),
        Err(source) => Err(ExportError { path, source }),
    }
}
