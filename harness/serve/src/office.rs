//! Where game days are begun, watched and ended: one thread looks at the calendar, and each day that runs has a thread of its
//! own. Nothing here waits for a browser.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::WallTime;
use crate::calendar::look;
use crate::news::News;
use crate::practice::{Ending, Order, Practice};
use crate::store::{Query, State, Store, StoreError};

/// How often the calendar is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// How long, and how often, it is tried to record an ending. A disk may be full for a while; what is not recorded is found
/// as under way by the next server.
const TRY_AGAIN: Duration = Duration::from_secs(2);
const TRIES: u32 = 30;

/// The clock on the wall.
pub trait Clock: Send + Sync + 'static {
    /// The time.
    fn now(&self) -> WallTime;
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> WallTime {
        let since_1970 = net::World::real().wall_clock().duration_since(std::time::UNIX_EPOCH);
        WallTime(since_1970.map_or(0, |since| since.as_millis() as i64))
    }
}

/// A game day under way.
struct Running {
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

/// The office. Shared by the threads that hold game days and by the pages.
pub struct Office {
    /// What outlives the process.
    pub store: Arc<Store>,
    /// Who holds game days.
    pub practice: Arc<dyn Practice>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// What happens.
    pub news: News,
    /// The data directory.
    pub data: PathBuf,
    /// Whether somebody is being told of firings that were not held.
    pub(crate) telling: AtomicBool,
    running: Mutex<BTreeMap<i64, Running>>,
    wake: SyncSender<()>,
}

/// The thread that looks at the calendar. Dropping it leaves the thread alone; [`Keeper::close`] ends it.
pub struct Keeper {
    office: Arc<Office>,
    thread: JoinHandle<()>,
    close: CancellationToken,
}

impl Office {
    /// Opens the office: brings to an end what a killed server left under way, and then looks at the calendar until it is closed.
    pub fn open(
        store: Arc<Store>,
        practice: Arc<dyn Practice>,
        clock: Arc<dyn Clock>,
        data: PathBuf,
    ) -> std::io::Result<Keeper> {
        let (wake, woken) = sync_channel(1);
        let running = Mutex::default();
        let office = Arc::new(Office {
            store,
            practice,
            clock,
            news: News::default(),
            data,
            telling: AtomicBool::new(false),
            running,
            wake,
        });
        let close = CancellationToken::new();
        let (keeping, closed) = (office.clone(), close.clone());
        let keep = move || {
            keeping.recover();
            keeping.keep(&woken, &closed);
        };
        let thread = std::thread::Builder::new().name("calendar".into()).spawn(keep)?;
        Ok(Keeper { office, thread, close })
    }

    /// The time.
    pub fn now(&self) -> WallTime {
        self.clock.now()
    }

    /// Has the calendar looked at now, because somebody has changed something.
    pub fn wake(&self) {
        // One that is not taken yet is as good as two.
        let _ = self.wake.try_send(());
    }

    /// Ends a game day in order; false if it does not run.
    pub fn stop(&self, firing: i64) -> bool {
        self.running().get(&firing).map(|running| running.stop.cancel()).is_some()
    }

    /// Presses the red button: nothing begins any more, and all that runs is ended.
    pub fn press(&self, by: &str, why: &str) -> Result<(), StoreError> {
        let pressed = self.store.press(by, why, self.now());
        // Also if the disk is full: what runs can be stopped all the same.
        for running in self.running().values() {
            running.stop.cancel();
        }
        self.news.tell(None, serde_json::json!({ "button": "pressed" }));
        pressed
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<i64, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends what is recorded as running: no thread of this process holds it.
    fn recover(&self) {
        let query = Query { state: Some(State::Running), limit: 1_000, ..Query::default() };
        let left = self.store.firings(&query).unwrap_or_else(|error| {
            tracing::error!(%error, "what was under way can't be looked up");
            Vec::new()
        });
        for firing in left {
            let directory = self.data.join(firing.directory.unwrap_or_default());
            let Some(ending) = guarded(|| Some(self.practice.recover(&directory))) else { continue };
            let why = format!("the server ended while it ran; {}", ending.why);
            let state = State::Recovered;
            self.record(firing.id, &Ending { state, why, ..ending });
        }
    }

    fn keep(self: &Arc<Self>, woken: &Receiver<()>, closed: &CancellationToken) {
        while !closed.is_cancelled() {
            match look(&self.store, &self.practice.days(), self.now()) {
                Ok(orders) => {
                    for order in orders {
                        self.begin(order);
                    }
                    self.tell_unheld();
                }
                Err(error) => tracing::error!(%error, "the calendar can't be looked at"),
            }
            if let Err(RecvTimeoutError::Disconnected) = woken.recv_timeout(LOOK) {
                return;
            }
        }
    }

    /// Holds a game day that is recorded as running.
    fn begin(self: &Arc<Self>, order: Order) {
        let (stop, id) = (CancellationToken::new(), order.firing);
        self.running().insert(id, Running { stop: stop.clone(), thread: None });
        // Pressed after it was decided to begin, and before there was anything to stop.
        if self.store.button().is_ok_and(|button| button.is_some()) {
            stop.cancel();
        }
        let office = self.clone();
        let hold = move || {
            let order = Order { directory: office.data.join(&order.directory), ..order };
            office.news.tell(Some(id), serde_json::json!({ "state": "running" }));
            let tell = |step| office.news.tell(Some(id), step);
            let ending = guarded(|| office.practice.hold(&order, &tell, &stop));
            // One that was given up stays recorded as running, so that the next start recovers it.
            if let Some(ending) = ending {
                office.record(id, &ending);
            }
            office.running().remove(&id);
        };
        match std::thread::Builder::new().name(format!("game day {id}")).spawn(hold) {
            Ok(thread) => {
                if let Some(running) = self.running().get_mut(&id) {
                    running.thread = Some(thread);
                }
            }
            Err(error) => {
                self.running().remove(&id);
                self.record(id, &failed(format!("it could not be started: {error}")));
            }
        }
    }

    fn record(&self, firing: i64, ending: &Ending) {
        for _ in 0..TRIES {
            match self.store.end(firing, ending, self.now()) {
                Ok(()) => break,
                Err(error) => tracing::error!(%error, firing, "how a game day ended can't be recorded"),
            }
            let (_waiting, never) = sync_channel::<()>(0);
            let _ = never.recv_timeout(TRY_AGAIN);
        }
        self.news.tell(Some(firing), serde_json::json!({ "state": ending.state, "why": ending.why }));
    }
}

impl Keeper {
    /// The office.
    pub fn office(&self) -> &Arc<Office> {
        &self.office
    }

    /// Begins nothing any more, ends in order what runs, and waits for it.
    pub fn close(self) {
        self.close.cancel();
        self.office.wake();
        let _ = self.thread.join();
        let threads: Vec<JoinHandle<()>> = self
            .office
            .running()
            .values_mut()
            .filter_map(|running| {
                running.stop.cancel();
                running.thread.take()
            })
            .collect();
        for thread in threads {
            let _ = thread.join();
        }
    }
}

fn failed(why: String) -> Ending {
    Ending { state: State::Failed, why, verdict: None, runs: Vec::new() }
}

/// A defect of ours in one game day ends that one, and not the server.
fn guarded(hold: impl FnOnce() -> Option<Ending>) -> Option<Ending> {
    let ending = catch_unwind(AssertUnwindSafe(hold));
    ending
        .unwrap_or_else(|_| Some(failed("brownout has a defect: it panicked, see standard error".to_owned())))
}

#[cfg(test)]
mod tests;
