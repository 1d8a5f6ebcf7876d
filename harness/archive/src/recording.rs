//! Writes a run directory while the run goes on: a thread appends the sheets that all parts hand over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use evidence::{Batch, Losses, Recorder};
use units::Moment;

use crate::writing::{Tables, write_ending, write_manifest};
use crate::{Ending, Manifest, Seal};

/// Sheets that may wait for the disk. At 4096 rows of about 100 bytes each this bounds memory at 100 MB.
const QUEUE: usize = 256;

/// A run directory that is being written.
pub struct Recording {
    dir: PathBuf,
    sender: SyncSender<Batch>,
    lost: Arc<AtomicU64>,
    /// Simulated time stands still while the disk catches up; real time does not.
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
        Recording::create_watched(dir, manifest, gives_up, drop)
    }

    /// The same, and each batch is handed to `watch` once it is on disk. It runs on the recorder thread, so it must not wait.
    pub fn create_watched(
        dir: &Path,
        manifest: &Manifest,
        gives_up: impl FnOnce() + Send + 'static,
        watch: impl FnMut(Batch) + Send + 'static,
    ) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let sealed = write_manifest(dir, manifest)?;
        let mut tables = Tables::create(dir)?;
        let (sender, receiver) = sync_channel(QUEUE);
        let writing = move || write_all(&mut tables, &receiver, watch).inspect_err(|_| gives_up());
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
        Recorder::sending(self.sender.clone(), self.patient, self.lost.clone())
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

fn write_all(tables: &mut Tables, batches: &Receiver<Batch>, mut watch: impl FnMut(Batch)) -> io::Result<()> {
    while let Ok(batch) = batches.recv() {
        tables.append_batch(&batch)?;
        watch(batch);
    }
    tables.finish()
}

#[cfg(test)]
pub(crate) mod tests;
