//! Takes evidence as it happens: each part fills a sheet of its own, and hands full sheets to whoever writes them to disk.
//! Where nobody will look at a run again, its sheets are kept in memory instead.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

use units::Moment;

use crate::table::{Batch, Row};
use crate::{Evidence, Losses, Redaction};

/// Rows of one batch. What is lost when a run is killed is less than that.
pub const BATCH_ROWS: usize = 4096;

/// Evidence that is kept in memory, of a run that nobody will look at again.
#[derive(Default)]
pub struct Kept(Arc<Mutex<Evidence>>);

impl Kept {
    /// A handle for one part to record with.
    pub fn recorder(&self) -> Recorder {
        Recorder { sink: Sink::Memory(self.0.clone()), lost: Arc::default(), redaction: Arc::default() }
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
    redaction: Arc<Redaction>,
}

/// Where sheets go.
#[derive(Clone)]
enum Sink {
    /// Nowhere.
    Nothing,
    /// To whoever takes them at the other end.
    Channel {
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
        Recorder { sink: Sink::Nothing, lost: Arc::default(), redaction: Arc::default() }
    }

    /// A recorder whose batches `sender` takes. `patient` waits for room in it; otherwise what finds none is lost, and
    /// counted in `lost`.
    pub fn sending(sender: SyncSender<Batch>, patient: bool, lost: Arc<AtomicU64>) -> Self {
        Recorder { sink: Sink::Channel { sender, patient }, lost, redaction: Arc::default() }
    }

    /// The same, for a run whose values are hashed so and that has these secrets. Without it the key is one of its own, and
    /// no secrets are known.
    #[must_use]
    pub fn redacting(self, redaction: Redaction) -> Self {
        Recorder { redaction: Arc::new(redaction), ..self }
    }

    /// How the values of this run are hashed.
    pub(crate) fn redaction(&self) -> Arc<Redaction> {
        self.redaction.clone()
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
            Sink::Channel { sender, patient: true } => sender.send(batch).is_ok(),
            Sink::Channel { sender, patient: false } => sender.try_send(batch).is_ok(),
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
