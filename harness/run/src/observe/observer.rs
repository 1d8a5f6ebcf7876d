//! The thread that looks at what was recorded, apart from the one that writes it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use evidence::Batch;
use units::Moment;

use super::causes::{Causes, Failures};
use super::recent::{Recent, Seconds};
use super::story::Story;

/// Batches that may wait to be looked at; what finds no room is not seen, and is in the evidence all the same.
const QUEUE: usize = 64;

/// What was seen of a run so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// The last seconds.
    pub recent: Recent,
    /// All failures so far.
    pub failures: Failures,
}

/// Is handed each batch of rows that was recorded.
type Onlooker = Box<dyn FnMut(&Batch) + Send>;

/// Counts what is recorded; shared by who counts and who looks.
pub(crate) struct Observer {
    seen: Mutex<(Causes, Seconds)>,
    onlookers: Mutex<Vec<Onlooker>>,
    unseen: AtomicU64,
}

impl Observer {
    /// Nothing seen, of a run of so many exchanges.
    pub(crate) fn new(exchanges_max: u64) -> Self {
        Observer {
            seen: Mutex::new((Causes::new(exchanges_max), Seconds::new())),
            onlookers: Mutex::default(),
            unseen: AtomicU64::new(0),
        }
    }

    /// What was seen until `now`.
    pub(crate) fn sight(&self, now: Moment) -> Sight {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Sight { recent: seen.1.sum(now), failures: seen.0.failures() }
    }

    /// Hands each batch to somebody else, too, from now on.
    pub(crate) fn add(&self, onlooker: Onlooker) {
        self.onlookers.lock().unwrap_or_else(PoisonError::into_inner).push(onlooker);
    }

    /// How many batches nobody has seen, because they came faster than they were looked at.
    pub(crate) fn unseen(&self) -> u64 {
        self.unseen.load(Ordering::Relaxed)
    }

    fn count(&self, batch: &Batch) {
        for onlooker in self.onlookers.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            onlooker(batch);
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (causes, seconds) = &mut *seen;
        match batch {
            Batch::Exchanges(rows) => {
                for row in rows {
                    causes.exchange(row);
                    seconds.note(row);
                }
            }
            Batch::Attempts(rows) => {
                for row in rows {
                    causes.attempt(row);
                }
            }
            Batch::Headers(_)
            | Batch::Connections(_)
            | Batch::Probes(_)
            | Batch::Firings(_)
            | Batch::Hiccups(_)
            | Batch::Actions(_)
            | Batch::Samples(_)
            | Batch::LogLines(_) => {}
        }
    }
}

/// Starts the thread. What it is given counts for `observer` and is told by `story`; it ends when the sender is dropped.
/// Simulated time stands still while it looks (`patient`), real time does not.
pub(crate) fn watching(
    observer: Arc<Observer>,
    mut story: Story,
    patient: bool,
) -> io::Result<(impl FnMut(Batch) + Send + 'static, JoinHandle<()>)> {
    let (sender, batches): (SyncSender<Batch>, _) = sync_channel(QUEUE);
    let unseen = observer.clone();
    let watch = move || {
        while let Ok(batch) = batches.recv() {
            observer.count(&batch);
            match &batch {
                Batch::Exchanges(rows) => story.exchanges(rows),
                Batch::Attempts(rows) => story.attempts(rows),
                _ => {}
            }
        }
    };
    let thread = std::thread::Builder::new().name("observer".into()).spawn(watch)?;
    let hand_over = move |batch| {
        // A thread that looks no more is no reason to record no more.
        let handed = if patient { sender.send(batch).ok() } else { sender.try_send(batch).ok() };
        if handed.is_none() {
            unseen.unseen.fetch_add(1, Ordering::Relaxed);
        }
    };
    Ok((hand_over, thread))
}

#[cfg(test)]
pub(super) mod testing {
    //! Rows as they are recorded.

    use std::time::Duration;

    use evidence::{Attempt, BodyCheck, End, Exchange, Method, NO_BACKEND, Outcome, Planned, Tag, TagEcho};
    use units::Moment;

    pub(in super::super) fn at(millis: u64) -> Moment {
        Moment::after_epoch(Duration::from_millis(millis))
    }

    /// An exchange that took 1 ms.
    pub(in super::super) fn exchange(tag: u64, status: u16) -> Exchange {
        Exchange {
            tag: Tag(tag),
            class: 0,
            due: at(0),
            sent: at(0),
            first_byte: Some(at(1)),
            done: at(1),
            outcome: Outcome::Complete,
            status,
            backend: NO_BACKEND,
            attempt: 0,
            connection: 1,
            nth: 1,
            request_bytes: 0,
            request_hash: None,
            body_bytes: 0,
            body_hash: None,
            echo: TagEcho::Absent,
            body: BodyCheck::Unknown,
            retry_after: None,
            held: 0,
            disclosed: evidence::Disclosed::Unknown,
        }
    }

    /// An attempt that no fault hit.
    pub(in super::super) fn attempt(tag: u64, backend: u16, number: u16) -> Attempt {
        Attempt {
            tag: Tag(tag),
            backend,
            number,
            connection: 1,
            nth: 1,
            method: Method::Get,
            arrived: at(0),
            body_done: Some(at(0)),
            declared: None,
            received: 0,
            body_hash: 0,
            injections: 0,
            effective: 0,
            planned: Planned::Answer,
            delay: 0,
            delay_error: 0,
            paced: 0,
            status: 200,
            answer_bytes: 0,
            answer_hash: None,
            replied: Some(at(1)),
            ended: at(1),
            end: End::Replied,
            retry_after: None,
            retry_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{at, attempt, exchange};
    use super::*;

    #[test]
    fn an_onlooker_is_handed_each_batch_from_then_on() {
        let observer = Observer::new(10);
        observer.count(&Batch::Exchanges(vec![exchange(1, 200)]));
        let rows = Arc::new(AtomicU64::new(0));
        let counted = rows.clone();
        observer.add(Box::new(move |batch| {
            if let Batch::Exchanges(rows) = batch {
                counted.fetch_add(rows.len() as u64, Ordering::Relaxed);
            }
        }));
        observer.count(&Batch::Exchanges(vec![exchange(2, 200), exchange(3, 503)]));
        observer.count(&Batch::Attempts(vec![attempt(1, 0, 1)]));
        assert_eq!((rows.load(Ordering::Relaxed), observer.unseen()), (2, 0));
    }

    #[test]
    fn what_is_recorded_is_seen_from_another_thread() {
        let observer = Observer::new(10);
        observer.count(&Batch::Attempts(vec![attempt(1, 0, 1)]));
        observer.count(&Batch::Exchanges(vec![exchange(1, 200), exchange(2, 503)]));
        let sight = observer.sight(at(500));
        assert_eq!(sight.failures, Failures { unreached: 1, ..Failures::default() });
        assert_eq!(sight.recent.endings.iter().map(|(_, count)| count).sum::<u64>(), 2);
    }
}
