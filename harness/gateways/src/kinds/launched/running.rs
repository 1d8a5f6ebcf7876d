//! A gateway's program while it runs: watched, and stopped. What is done to it in between is in `acting`.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::net::SocketAddr;
use std::rc::Rc;

use tokio::sync::Notify;

use super::launch::Start;
use super::recipe::Having;
use crate::process::Process;

/// A gateway's program, and the processes that serve it. Dropping it kills them.
pub struct Launched {
    pub(super) start: Start,
    pub(super) address: SocketAddr,
    /// The process that takes new connections.
    pub(super) current: RefCell<Rc<Process>>,
    /// Those that came before it, and may still finish what they had.
    pub(super) older: RefCell<Vec<Rc<Process>>>,
    /// What it was last told to have.
    pub(super) having: RefCell<Having>,
    /// Which process in turn was started last, from 0.
    pub(super) generation: Cell<u32>,
    /// Actions under way that may end a process.
    replacing: Cell<u32>,
    /// Whether it did not come back from one.
    down: Cell<bool>,
    changed: Notify,
}

impl Launched {
    pub(super) fn new(start: Start, address: SocketAddr, process: Process) -> Self {
        let having = Having::at_first(&start.launch.upstreams);
        Launched {
            start,
            address,
            current: RefCell::new(Rc::new(process)),
            older: RefCell::default(),
            having: RefCell::new(having),
            generation: Cell::new(0),
            replacing: Cell::new(0),
            down: Cell::new(false),
            changed: Notify::new(),
        }
    }

    /// The number of the process that takes new connections; `None` once it has ended.
    pub fn id(&self) -> Option<u32> {
        self.current.borrow().id()
    }

    /// Where it tells its metrics, if it was told to have them on a port of its own.
    pub(crate) fn metrics(&self) -> Option<SocketAddr> {
        self.start.metrics.get()
    }

    /// The process that takes new connections.
    pub(super) fn process(&self) -> Rc<Process> {
        self.current.borrow().clone()
    }

    /// Every process that there still is.
    pub(super) fn processes(&self) -> Vec<Rc<Process>> {
        self.older.borrow().iter().cloned().chain([self.process()]).collect()
    }

    /// Waits until it dies by itself, and says how. What an action does to it, and what comes of that, the action says.
    pub async fn ended(&self) -> String {
        loop {
            let process = self.process();
            let how = process.ended().await;
            loop {
                let changed = self.changed.notified();
                if self.replacing.get() == 0 {
                    break;
                }
                changed.await;
            }
            if self.down.get() {
                pending::<()>().await;
            }
            if Rc::ptr_eq(&process, &self.current.borrow()) {
                return how;
            }
        }
    }

    /// Stops it: in order, and by force where that takes too long. Gives how many bytes of its log were left out.
    pub async fn stop(self) -> u64 {
        let (current, older) = (self.current.into_inner(), self.older.into_inner());
        let mut left_out = 0;
        for process in older.into_iter().chain([current]) {
            left_out += process.stop().await;
        }
        left_out
    }

    /// From here on until the value is dropped, the end of a process is an action's doing.
    pub(super) fn replacing(&self) -> Replacing<'_> {
        self.replacing.set(self.replacing.get() + 1);
        Replacing(self)
    }

    /// It did not come back.
    pub(super) fn note_down(&self) {
        self.down.set(true);
    }
}

/// An action is under way that may end a process.
pub(super) struct Replacing<'a>(&'a Launched);

impl Drop for Replacing<'_> {
    fn drop(&mut self) {
        self.0.replacing.set(self.0.replacing.get() - 1);
        self.0.changed.notify_waiters();
    }
}
