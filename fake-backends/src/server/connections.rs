//! The connections that are open, and how one tells them to end.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

/// How often evidence is handed over, and stalled connections are looked for.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// Why a connection has to end although neither side wants it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shutdown {
    /// The run is over.
    Stop,
    /// The listener was closed by these injections, one bit each.
    Refuse(u64),
    /// It waited for its peer beyond all bounds.
    Stalled,
}

/// A connection as the pool sees it.
pub(super) struct Handle {
    pub(super) backend: u16,
    /// Its number, from 1 over the whole pool.
    pub(super) number: u32,
    /// The tick at which it has stalled. Ticks and not moments: the epoch may be set meanwhile.
    expires: Cell<u64>,
    tick: Rc<Cell<u64>>,
    shutdown: Cell<Option<Shutdown>>,
    shut_down: Notify,
}

impl Handle {
    /// Lets the connection wait for so long from now, to a quarter of a second.
    pub(super) fn extend_deadline(&self, wait: Duration) {
        self.expires.set(self.tick.get() + 1 + (wait.as_millis() / TICK.as_millis()) as u64);
    }

    /// Lets it wait for as long as it likes.
    pub(super) fn no_deadline(&self) {
        self.expires.set(u64::MAX);
    }

    /// Waits until the connection has to end.
    pub(super) async fn shutdown(&self) -> Shutdown {
        loop {
            if let Some(why) = self.shutdown.get() {
                return why;
            }
            self.shut_down.notified().await;
        }
    }

    fn shut_down(&self, why: Shutdown) {
        if self.shutdown.get().is_none() {
            self.shutdown.set(Some(why));
            self.shut_down.notify_one();
        }
    }
}

/// All open connections of a pool. In the order of their numbers, so that a simulated run does the same each time.
#[derive(Default)]
pub(super) struct OpenConnections {
    handles: RefCell<BTreeMap<u32, Rc<Handle>>>,
    accepted: Cell<u32>,
    tick: Rc<Cell<u64>>,
}

impl OpenConnections {
    pub(super) fn add(&self, backend: u16) -> Rc<Handle> {
        let number = self.accepted.get().wrapping_add(1);
        self.accepted.set(number);
        let handle = Rc::new(Handle {
            backend,
            number,
            expires: Cell::new(u64::MAX),
            tick: self.tick.clone(),
            shutdown: Cell::default(),
            shut_down: Notify::new(),
        });
        self.handles.borrow_mut().insert(number, handle.clone());
        handle
    }

    pub(super) fn remove(&self, number: u32) {
        self.handles.borrow_mut().remove(&number);
    }

    pub(super) fn count(&self) -> usize {
        self.handles.borrow().len()
    }

    /// The open connections of one backend.
    pub(super) fn count_of(&self, backend: u16) -> usize {
        self.handles.borrow().values().filter(|handle| handle.backend == backend).count()
    }

    /// Ends the connections that `which` names.
    pub(super) fn shut_down(&self, which: impl Fn(&Handle) -> bool, why: Shutdown) {
        for handle in self.handles.borrow().values().filter(|handle| which(handle)) {
            handle.shut_down(why);
        }
    }

    /// Counts a quarter of a second, and ends what has stalled.
    pub(super) fn tick(&self) {
        let tick = self.tick.get() + 1;
        self.tick.set(tick);
        self.shut_down(|handle| handle.expires.get() <= tick, Shutdown::Stalled);
    }
}
