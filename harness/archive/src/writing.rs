//! Writes the files of a run directory: documents at once, tables batch by batch.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_ipc::CompressionType;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_schema::{ArrowError, Schema};
use evidence::{
    Action, Attempt, BATCH_ROWS, Batch, Connection, Evidence, Exchange, Firing, Header, Hiccup, LogLine,
    Losses, Probe, Row, Sample,
};
use units::Moment;

use crate::arrow::{schema, to_batch};
use crate::{Ending, Manifest, Seal};

/// The tables that were added after the first format.
const LATER: [&str; 4] = [Header::NAME, Action::NAME, Sample::NAME, LogLine::NAME];

/// The names of all tables, in the order in which they are listed.
pub(crate) fn table_names() -> impl Iterator<Item = &'static str> {
    let first = [Exchange::NAME, Attempt::NAME, Connection::NAME, Probe::NAME, Firing::NAME, Hiccup::NAME];
    first.into_iter().chain(LATER)
}

/// Whether a table was added later: runs of older builds do not have it, which is as if it had no rows.
pub(crate) fn may_be_absent(name: &str) -> bool {
    LATER.contains(&name)
}

/// The file of a table.
pub(crate) fn table_path(dir: &Path, name: &str) -> PathBuf {
    dir.join(name).with_extension("arrows")
}

/// Writes evidence that is there as a whole as the run directory `dir`, sealed as a run seals its own. Tables that are
/// there are written over.
pub fn write_run(dir: &Path, manifest: &Manifest, evidence: &Evidence) -> io::Result<Ending> {
    fs::create_dir_all(dir)?;
    let sealed = write_manifest(dir, manifest)?;
    let mut tables = Tables::create(dir)?;
    tables.append_all(&evidence.exchanges)?;
    tables.append_all(&evidence.attempts)?;
    tables.append_all(&evidence.connections)?;
    tables.append_all(&evidence.probes)?;
    tables.append_all(&evidence.firings)?;
    tables.append_all(&evidence.hiccups)?;
    tables.append_all(&evidence.headers)?;
    tables.append_all(&evidence.actions)?;
    tables.append_all(&evidence.samples)?;
    tables.append_all(&evidence.log_lines)?;
    tables.finish()?;
    write_ending(dir, sealed, evidence.ended, evidence.early.clone(), evidence.losses)
}

/// Writes the manifest; the seal is of what was written, whatever becomes of the file.
pub(crate) fn write_manifest(dir: &Path, manifest: &Manifest) -> io::Result<Seal> {
    write_json(&dir.join("manifest.json"), manifest)
}

/// Seals the tables as they are, and writes the ending.
pub(crate) fn write_ending(
    dir: &Path,
    manifest: Seal,
    at: Moment,
    early: Option<String>,
    losses: Losses,
) -> io::Result<Ending> {
    let seal = |name: &str| {
        let Seal { bytes, hash } = Seal::of_file(&table_path(dir, name))?;
        Ok((name.to_owned(), bytes, hash))
    };
    let files = table_names().map(seal).collect::<io::Result<_>>()?;
    let ending = Ending { at, early, losses, files, manifest: Some(manifest) };
    write_json(&dir.join("ending.json"), &ending)?;
    Ok(ending)
}

/// Writes beside the path and renames, so that a run that is killed leaves the old document or the new one.
fn write_json(path: &Path, value: &impl serde::Serialize) -> io::Result<Seal> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    let beside = path.with_extension("json.part");
    fs::write(&beside, &text)?;
    fs::rename(beside, path)?;
    Ok(Seal::of_bytes(&text))
}

/// The tables of a run directory while they are written.
pub(crate) struct Tables(HashMap<&'static str, Table>);

struct Table {
    schema: Arc<Schema>,
    writer: StreamWriter<BufWriter<File>>,
}

impl Tables {
    pub(crate) fn create(dir: &Path) -> io::Result<Self> {
        let mut tables = Tables(HashMap::new());
        tables.add::<Exchange>(dir)?;
        tables.add::<Attempt>(dir)?;
        tables.add::<Connection>(dir)?;
        tables.add::<Probe>(dir)?;
        tables.add::<Firing>(dir)?;
        tables.add::<Hiccup>(dir)?;
        tables.add::<Header>(dir)?;
        tables.add::<Action>(dir)?;
        tables.add::<Sample>(dir)?;
        tables.add::<LogLine>(dir)?;
        Ok(tables)
    }

    fn add<R: Row>(&mut self, dir: &Path) -> io::Result<()> {
        let file = BufWriter::new(File::create(table_path(dir, R::NAME))?);
        let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD));
        let (schema, options) = (schema::<R>(), options.map_err(from_arrow)?);
        let writer = StreamWriter::try_new_with_options(file, &schema, options).map_err(from_arrow)?;
        self.0.insert(R::NAME, Table { schema, writer });
        Ok(())
    }

    /// Writes one batch through to the file.
    pub(crate) fn append_batch(&mut self, batch: &Batch) -> io::Result<()> {
        match batch {
            Batch::Exchanges(rows) => self.append(rows),
            Batch::Attempts(rows) => self.append(rows),
            Batch::Connections(rows) => self.append(rows),
            Batch::Probes(rows) => self.append(rows),
            Batch::Firings(rows) => self.append(rows),
            Batch::Hiccups(rows) => self.append(rows),
            Batch::Headers(rows) => self.append(rows),
            Batch::Actions(rows) => self.append(rows),
            Batch::Samples(rows) => self.append(rows),
            Batch::LogLines(rows) => self.append(rows),
        }
    }

    fn append_all<R: Row>(&mut self, rows: &[R]) -> io::Result<()> {
        rows.chunks(BATCH_ROWS).try_for_each(|rows| self.append(rows))
    }

    fn append<R: Row>(&mut self, rows: &[R]) -> io::Result<()> {
        let table = self.0.get_mut(R::NAME).expect("every table was created");
        table.writer.write(&to_batch(rows, &table.schema)).map_err(from_arrow)?;
        table.writer.flush().map_err(from_arrow)
    }

    /// Ends every table.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        for table in self.0.values_mut() {
            table.writer.finish().map_err(from_arrow)?;
            table.writer.flush().map_err(from_arrow)?;
        }
        Ok(())
    }
}

fn from_arrow(error: ArrowError) -> io::Error {
    match error {
        ArrowError::IoError(_, error) => error,
        other => io::Error::other(other),
    }
}
