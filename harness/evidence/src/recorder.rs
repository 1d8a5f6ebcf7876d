//! Writes evidence as it happens: each part fills a sheet of its own, a thread appends full sheets to disk. Where nobody
//! will look at a run again, its sheets are kept in memory instead.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use units::Moment;

use crate::table::{Batch, Row};
use crate::writing::{BATCH_ROWS, Tables, write_ending, write_manifest};
use crate::{Ending, Evidence, Losses, Manifest, Seal};

/// Sheets that may wait for the disk. At 4096 rows of about 100 bytes each this bounds memory at 100 MB.
const QUEUE: usize = 256;

/// A run directory that is being written.
pub struct Recording {
    dir: PathBuf,
    sender: SyncSender<Batch>,
    lost: Arc<AtomicU64>,
    patient: bool,
    writer: JoinHandle<io::Result<()>>,
    /// Of the manifest as it was written last.
    manifest: Mutex<Seal>,
}

impl Recording {
    /// Makes the directory, writes the manifest, and starts the recorder thread. If that can't write any more it says so by
    /// `gives_up`, once: what is recorded from there on is lost, and [`Recording::finish`] has the reason.
    pub fn create(
        dir: &Path,
        manifest: &Manifest,
        gives_up: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let sealed = write_manifest(dir, manifest)?;
        let mut tables = Tables::create(dir)?;
        let (sender, receiver) = sync_channel(QUEUE);
        let writing = move || write_all(&mut tables, &receiver).inspect_err(|_| gives_up());
        let writer = std::thread::Builder::new().name("recorder".into()).spawn(writing)?;
        Ok(Recording {
            dir: dir.to_owned(),
            sender,
            lost: Arc::default(),
            patient: manifest.simulated,
            writer,
            manifest: Mutex::new(sealed),
        })
    }

    /// Writes the manifest again, once more is known than before the gateway was started.
    pub fn rewrite(&self, manifest: &Manifest) -> io::Result<()> {
        let sealed = write_manifest(&self.dir, manifest)?;
        *self.manifest.lock().unwrap_or_else(PoisonError::into_inner) = sealed;
        Ok(())
    }

    /// Where the evidence lies.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A handle for one part to record with.
    pub fn recorder(&self) -> Recorder {
        let sink = Sink::Disk { sender: self.sender.clone(), patient: self.patient };
        Recorder { sink, lost: self.lost.clone() }
    }

    /// Waits until everything is on disk and writes the ending. All recorders must have been dropped.
    pub fn finish(self, at: Moment, early: Option<String>, mut losses: Losses) -> io::Result<Ending> {
        drop(self.sender);
        self.writer.join().map_err(|_| io::Error::other("the recorder thread panicked"))??;
        losses.rows += self.lost.load(Ordering::Relaxed);
        let manifest = self.manifest.into_inner().unwrap_or_else(PoisonError::into_inner);
        write_ending(&self.dir, manifest, at, early, losses)
    }
}

/// Evidence that is kept in memory, of a run that nobody will look at again.
#[derive(Default)]
pub struct Kept(Arc<Mutex<Evidence>>);

impl Kept {
    /// A handle for one part to record with.
    pub fn recorder(&self) -> Recorder {
        Recorder { sink: Sink::Memory(self.0.clone()), lost: Arc::default() }
    }

    /// All that was recorded. All recorders must have been dropped.
    pub fn finish(self, at: Moment, early: Option<String>, losses: Losses) -> Evidence {
        let mut evidence = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        (evidence.ended, evidence.early, evidence.losses) = (at, early, losses);
        evidence
    }
}

/// Hands full sheets on; cheap to clone, one for each part.
#[derive(Clone)]
pub struct Recorder {
    sink: Sink,
    lost: Arc<AtomicU64>,
}

/// Where sheets go.
#[derive(Clone)]
enum Sink {
    /// Nowhere.
    Nothing,
    /// To the recorder thread.
    Disk {
        sender: SyncSender<Batch>,
        /// Simulated time stands still while the disk catches up; real time does not.
        patient: bool,
    },
    /// To the others of the run.
    Memory(Arc<Mutex<Evidence>>),
}

impl Recorder {
    /// A recorder that keeps nothing, for parts that run on their own.
    pub fn discarding() -> Self {
        Recorder { sink: Sink::Nothing, lost: Arc::default() }
    }

    /// An empty sheet for rows of one table.
    pub fn sheet<R: Row>(&self) -> Sheet<R> {
        Sheet { rows: Vec::new(), recorder: self.clone() }
    }

    /// Never waits in real time: if the disk is that far behind, the rows are counted as lost, and the run is
    /// inconclusive.
    fn hand_over(&self, batch: Batch, rows: usize) {
        let taken = match &self.sink {
            Sink::Nothing => true,
            Sink::Disk { sender, patient: true } => sender.send(batch).is_ok(),
            Sink::Disk { sender, patient: false } => sender.try_send(batch).is_ok(),
            Sink::Memory(evidence) => {
                evidence.lock().unwrap_or_else(PoisonError::into_inner).take(batch);
                true
            }
        };
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
        if self.rows.len() >= BATCH_ROWS {
            self.flush();
        }
    }

    /// Hands over what there is; parts call it every quarter of a second, so that a killed run loses little.
    pub fn flush(&mut self) {
        if !self.rows.is_empty() {
            // As much room as it needed last: a sheet that is flushed often is never full.
            let count = self.rows.len();
            let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(count));
            self.recorder.hand_over(R::into_batch(rows), count);
        }
    }
}

impl<R: Row> Drop for Sheet<R> {
    fn drop(&mut self) {
        self.flush();
    }
}

fn write_all(tables: &mut Tables, batches: &Receiver<Batch>) -> io::Result<()> {
    while let Ok(batch) = batches.recv() {
        tables.append_batch(&batch)?;
    }
    tables.finish()
}

#[cfg(test)]
pub(crate) mod tests;
