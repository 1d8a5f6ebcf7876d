//! Writes evidence as it happens: each part fills a sheet of its own, a thread appends full sheets to disk.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use arrow_array::RecordBatch;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_schema::{ArrowError, Schema};
use units::Moment;

use crate::table::{Batch, Row};
use crate::{Attempt, Connection, Ending, Exchange, Firing, Hiccup, Losses, Manifest, Probe};

/// Sheets that may wait for the disk. At 4096 rows of about 100 bytes each this bounds memory at 100 MB.
const QUEUE: usize = 256;

/// Rows a sheet holds before it is handed over.
const SHEET_ROWS: usize = 4096;

/// A run directory that is being written.
pub struct Recording {
    dir: PathBuf,
    sender: SyncSender<Batch>,
    lost: Arc<AtomicU64>,
    patient: bool,
    writer: JoinHandle<io::Result<()>>,
}

impl Recording {
    /// Makes the directory, writes the manifest, and starts the recorder thread.
    pub fn create(dir: &Path, manifest: &Manifest) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        write_json(&dir.join("manifest.json"), manifest)?;
        let mut tables = Tables::create(dir)?;
        let (sender, receiver) = sync_channel(QUEUE);
        let writer = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || write_all(&mut tables, &receiver))?;
        Ok(Recording {
            dir: dir.to_owned(),
            sender,
            lost: Arc::default(),
            patient: manifest.simulated,
            writer,
        })
    }

    /// Writes the manifest again, once more is known than before the gateway was started.
    pub fn rewrite(&self, manifest: &Manifest) -> io::Result<()> {
        write_json(&self.dir.join("manifest.json"), manifest)
    }

    /// Where the evidence lies.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A handle for one part to record with.
    pub fn recorder(&self) -> Recorder {
        Recorder { sender: Some(self.sender.clone()), lost: self.lost.clone(), patient: self.patient }
    }

    /// Waits until everything is on disk and writes the ending. All recorders must have been dropped.
    pub fn finish(self, at: Moment, early: Option<String>, mut losses: Losses) -> io::Result<Ending> {
        drop(self.sender);
        self.writer.join().map_err(|_| io::Error::other("the recorder thread panicked"))??;
        losses.rows += self.lost.load(Ordering::Relaxed);
        let files = table_names().map(|name| fingerprint(&self.dir, name)).collect::<io::Result<_>>()?;
        let ending = Ending { at, early, losses, files };
        write_json(&self.dir.join("ending.json"), &ending)?;
        Ok(ending)
    }
}

/// Hands full sheets to the recorder thread; cheap to clone, one for each part.
#[derive(Clone)]
pub struct Recorder {
    sender: Option<SyncSender<Batch>>,
    lost: Arc<AtomicU64>,
    /// Simulated time stands still while the disk catches up; real time does not.
    patient: bool,
}

impl Recorder {
    /// A recorder that keeps nothing, for parts that run on their own.
    pub fn discarding() -> Self {
        Recorder { sender: None, lost: Arc::default(), patient: false }
    }

    /// An empty sheet for rows of one table.
    pub fn sheet<R: Row>(&self) -> Sheet<R> {
        Sheet { rows: Vec::with_capacity(SHEET_ROWS), recorder: self.clone() }
    }

    /// Never waits in real time: if the disk is that far behind, the rows are counted as lost, and the run is
    /// inconclusive.
    fn hand_over(&self, batch: Batch, rows: usize) {
        let Some(sender) = &self.sender else { return };
        let taken = if self.patient { sender.send(batch).is_ok() } else { sender.try_send(batch).is_ok() };
        if !taken {
            self.lost.fetch_add(rows as u64, Ordering::Relaxed);
        }
    }
}

/// One part's rows on their way to a table. Handed over when full, when flushed, and when dropped.
pub struct Sheet<R: Row> {
    rows: Vec<R>,
    recorder: Recorder,
}

impl<R: Row> Sheet<R> {
    /// Adds a row.
    pub fn push(&mut self, row: R) {
        self.rows.push(row);
        if self.rows.len() >= SHEET_ROWS {
            self.flush();
        }
    }

    /// Hands over what there is; parts call it every quarter of a second, so that a killed run loses little.
    pub fn flush(&mut self) {
        if !self.rows.is_empty() {
            let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(SHEET_ROWS));
            let count = rows.len();
            self.recorder.hand_over(R::into_batch(rows), count);
        }
    }
}

impl<R: Row> Drop for Sheet<R> {
    fn drop(&mut self) {
        self.flush();
    }
}

/// The names of all tables, in the order in which they are listed.
pub(crate) fn table_names() -> impl Iterator<Item = &'static str> {
    [Exchange::NAME, Attempt::NAME, Connection::NAME, Probe::NAME, Firing::NAME, Hiccup::NAME].into_iter()
}

/// The file of a table.
pub(crate) fn table_path(dir: &Path, name: &str) -> PathBuf {
    dir.join(name).with_extension("arrows")
}

/// Name, bytes and hash of a table's file.
pub(crate) fn fingerprint(dir: &Path, name: &str) -> io::Result<(String, u64, String)> {
    let mut file = File::open(table_path(dir, name))?;
    let mut hasher = HashWriter { hasher: twox_hash::XxHash3_64::new(), bytes: 0 };
    io::copy(&mut file, &mut hasher)?;
    Ok((name.to_owned(), hasher.bytes, format!("{:016x}", std::hash::Hasher::finish(&hasher.hasher))))
}

struct HashWriter {
    hasher: twox_hash::XxHash3_64,
    bytes: u64,
}

impl Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        std::hash::Hasher::write(&mut self.hasher, bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Tables(HashMap<&'static str, StreamWriter<BufWriter<File>>>);

impl Tables {
    fn create(dir: &Path) -> io::Result<Self> {
        let mut tables = HashMap::new();
        let mut add = |name: &'static str, schema: &Schema| -> io::Result<()> {
            let file = BufWriter::new(File::create(table_path(dir, name))?);
            let options = IpcWriteOptions::default()
                .try_with_compression(Some(CompressionType::ZSTD))
                .map_err(from_arrow)?;
            tables
                .insert(name, StreamWriter::try_new_with_options(file, schema, options).map_err(from_arrow)?);
            Ok(())
        };
        add(Exchange::NAME, &Exchange::schema())?;
        add(Attempt::NAME, &Attempt::schema())?;
        add(Connection::NAME, &Connection::schema())?;
        add(Probe::NAME, &Probe::schema())?;
        add(Firing::NAME, &Firing::schema())?;
        add(Hiccup::NAME, &Hiccup::schema())?;
        Ok(Tables(tables))
    }

    fn append<R: Row>(&mut self, rows: &[R]) -> io::Result<()> {
        self.write(R::NAME, &R::to_batch(rows))
    }

    fn write(&mut self, name: &str, batch: &RecordBatch) -> io::Result<()> {
        let table = self.0.get_mut(name).expect("every table was created");
        table.write(batch).map_err(from_arrow)?;
        table.flush().map_err(from_arrow)
    }
}

fn write_all(tables: &mut Tables, batches: &Receiver<Batch>) -> io::Result<()> {
    while let Ok(batch) = batches.recv() {
        match batch {
            Batch::Exchanges(rows) => tables.append(&rows),
            Batch::Attempts(rows) => tables.append(&rows),
            Batch::Connections(rows) => tables.append(&rows),
            Batch::Probes(rows) => tables.append(&rows),
            Batch::Firings(rows) => tables.append(&rows),
            Batch::Hiccups(rows) => tables.append(&rows),
        }?;
    }
    for table in tables.0.values_mut() {
        table.finish().map_err(from_arrow)?;
        table.flush().map_err(from_arrow)?;
    }
    Ok(())
}

fn from_arrow(error: ArrowError) -> io::Error {
    match error {
        ArrowError::IoError(_, error) => error,
        other => io::Error::other(other),
    }
}

/// Writes beside the path and renames, so that a run that is killed leaves the old document or the new one.
fn write_json(path: &Path, value: &impl serde::Serialize) -> io::Result<()> {
    let beside = path.with_extension("json.part");
    let mut file = BufWriter::new(File::create(&beside)?);
    serde_json::to_writer_pretty(&mut file, value)?;
    file.write_all(b"\n")?;
    file.flush()?;
    fs::rename(beside, path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::Value;

    use super::*;
    use crate::{BodyCheck, Machine, NO_BACKEND, Outcome, ReadError, RunNonce, Tag, TagEcho, read_run};

    fn manifest() -> Manifest {
        Manifest {
            format: crate::FORMAT,
            brownout: "0.0.0".into(),
            run: "a-run".into(),
            scenario_path: "a.toml".into(),
            scenario_text: String::new(),
            overrides: Vec::new(),
            plan: Value::Null,
            seed: 7,
            nonce: RunNonce(7),
            gateway: "reference".into(),
            gateway_version: None,
            gateway_address: None,
            backend_addresses: Vec::new(),
            simulated: false,
            started: "2026-01-01T00:00:00Z".into(),
            machine: Machine { system: "any".into(), architecture: "any".into(), cores: 1 },
        }
    }

    fn exchange(number: u64) -> Exchange {
        Exchange {
            tag: Tag(number),
            class: 1,
            due: Moment(10),
            sent: Moment(20),
            first_byte: number.is_multiple_of(2).then_some(Moment(30)),
            done: Moment(40),
            outcome: Outcome::RstInBody,
            status: 503,
            backend: NO_BACKEND,
            attempt: 2,
            connection: 3,
            nth: 4,
            request_bytes: 5,
            body_bytes: 6,
            echo: TagEcho::Other,
            body: BodyCheck::Altered,
        }
    }

    fn recorded(dir: &Path, rows: u64) -> Recording {
        let recording = Recording::create(dir, &manifest()).unwrap();
        let recorder = recording.recorder();
        let mut sheet = recorder.sheet();
        (0..rows).for_each(|number| sheet.push(exchange(number)));
        recording
    }

    #[test]
    fn what_was_recorded_is_read_back_row_by_row() {
        let dir = tempfile::tempdir().unwrap();
        let ending = recorded(dir.path(), 10_000).finish(Moment(50), None, Losses::default()).unwrap();
        assert_eq!(ending.losses, Losses::default());
        let read = read_run(dir.path()).unwrap();
        assert_eq!(read.evidence.exchanges, (0..10_000).map(exchange).collect::<Vec<_>>());
        assert!(!read.evidence.cut);
        assert_eq!(read.evidence.ended, Moment(50));
    }

    #[test]
    fn a_run_without_an_ending_is_read_up_to_its_last_whole_batch_and_called_cut() {
        let dir = tempfile::tempdir().unwrap();
        recorded(dir.path(), 10_000).finish(Moment(50), None, Losses::default()).unwrap();
        fs::remove_file(dir.path().join("ending.json")).unwrap();
        let table = table_path(dir.path(), Exchange::NAME);
        let bytes = fs::read(&table).unwrap();
        let mut last = usize::MAX;
        for cut in (0..bytes.len()).rev().step_by(97) {
            fs::write(&table, &bytes[..cut]).unwrap();
            let read = read_run(dir.path()).unwrap();
            assert!(read.evidence.cut);
            assert!(read.evidence.exchanges.len() <= last, "a shorter file holds no more rows");
            last = read.evidence.exchanges.len();
        }
        assert_eq!(last, 0);
    }

    #[test]
    fn a_table_that_was_edited_after_the_run_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        recorded(dir.path(), 100).finish(Moment(50), None, Losses::default()).unwrap();
        let table = table_path(dir.path(), Exchange::NAME);
        let mut bytes = fs::read(&table).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&table, bytes).unwrap();
        assert!(matches!(read_run(dir.path()), Err(ReadError::Edited { .. })));
    }

    #[test]
    fn a_directory_without_a_manifest_is_not_a_run() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(read_run(dir.path()), Err(ReadError::NotARun(_))));
    }
}
