//! The connections of one thread: which are idle, which requests wait for one, and how many there may be.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Waker};

use crate::job::Job;
use crate::prepare::Part;

/// Gives requests to connections: to an idle one, to a new one, or else to the first that gets free.
pub(crate) struct ConnectionPool {
    /// Connections that wait for work; the last one is used first, so that the others may close.
    idle: RefCell<Vec<Rc<JobSlot>>>,
    /// Requests that wait for a connection.
    queue: RefCell<VecDeque<Job>>,
    /// Connections that are open or being opened.
    connections: Cell<usize>,
    connections_max: usize,
    /// Connections ever made.
    made: Cell<u32>,
    /// This part of the load, and how many there are.
    index: u32,
    of: u32,
}

/// A place among the connections that may be open, until it is dropped.
pub(crate) struct Lease(Rc<ConnectionPool>);

/// A connection to be made, for the request that it is to carry first.
pub(crate) struct Opening {
    pub(crate) lease: Lease,
    pub(crate) job: Job,
}

/// What became of a request that needs a connection.
enum Placed {
    /// An idle connection has it.
    Given,
    /// A connection is to be opened for it.
    Opening(Opening),
    /// There is no connection for it yet.
    HasToWait(Job),
}

/// What a connection that has just got free is to do.
pub(crate) enum NextJob {
    /// Nothing waits.
    None,
    /// Carry this.
    Job(Job),
    /// Close, because the next request wants a fresh connection.
    MakeRoom,
}

/// The place where one idle connection is given its next job: a cell and a waker, which costs less than a channel.
pub(crate) struct JobSlot {
    /// The address that the connection goes to.
    target: usize,
    job: Cell<Option<Job>>,
    /// The connection is to make room for another.
    dismissed: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl ConnectionPool {
    pub(crate) fn new(part: &Part) -> Self {
        ConnectionPool {
            idle: RefCell::default(),
            queue: RefCell::default(),
            connections: Cell::default(),
            connections_max: part.connections_max(),
            made: Cell::default(),
            index: part.index as u32,
            of: part.of as u32,
        }
    }

    /// Gives `job` to an idle connection, or lets it wait for one; or a connection has to be opened for it.
    pub(crate) fn place(self: &Rc<Self>, job: Job) -> Option<Opening> {
        match self.try_place(job) {
            Placed::Given => None,
            Placed::Opening(opening) => Some(opening),
            Placed::HasToWait(job) => {
                self.queue.borrow_mut().push_back(job);
                None
            }
        }
    }

    fn try_place(self: &Rc<Self>, job: Job) -> Placed {
        if job.keep_alive
            && let Some(slot) = self.take_idle(job.target)
        {
            slot.give(job);
            return Placed::Given;
        }
        if self.connections.get() < self.connections_max {
            self.connections.set(self.connections.get() + 1);
            return Placed::Opening(Opening { lease: Lease(self.clone()), job });
        }
        // No idle connection will do: the one that was idle for longest makes room.
        let mut idle = self.idle.borrow_mut();
        if !idle.is_empty() {
            idle.remove(0).dismiss();
        }
        Placed::HasToWait(job)
    }

    /// The connection to `target` that became idle last.
    fn take_idle(&self, target: usize) -> Option<Rc<JobSlot>> {
        let mut idle = self.idle.borrow_mut();
        let at = idle.iter().rposition(|slot| slot.target == target)?;
        Some(idle.remove(at))
    }

    /// The next request for a connection to `target` that has just got free; `own` follows from the request that it has just
    /// carried, and waits like all others. A connection gets nothing while the first in the queue wants a fresh one, or one to
    /// another address: it then has to make room.
    pub(crate) fn next_job(&self, own: Option<Job>, target: usize) -> NextJob {
        let mut queue = self.queue.borrow_mut();
        match own {
            Some(job) if queue.is_empty() && job.keep_alive => return NextJob::Job(job),
            own => queue.extend(own),
        }
        match queue.front() {
            None => NextJob::None,
            Some(first) if !first.keep_alive || first.target != target => NextJob::MakeRoom,
            Some(_) => queue.pop_front().map_or(NextJob::None, NextJob::Job),
        }
    }

    /// The next connection to be opened for a request that waits, now that a connection has ended.
    pub(crate) fn next_opening(self: &Rc<Self>) -> Option<Opening> {
        loop {
            let job = self.queue.borrow_mut().pop_front()?;
            match self.try_place(job) {
                Placed::Given => {}
                Placed::Opening(opening) => return Some(opening),
                Placed::HasToWait(job) => {
                    self.queue.borrow_mut().push_front(job);
                    return None;
                }
            }
        }
    }

    pub(crate) fn becomes_idle(&self, slot: &Rc<JobSlot>) {
        self.idle.borrow_mut().push(slot.clone());
    }

    pub(crate) fn is_no_longer_idle(&self, slot: &Rc<JobSlot>) {
        self.idle.borrow_mut().retain(|other| !Rc::ptr_eq(other, slot));
    }

    /// A number for a connection that was made: from 1 over all parts.
    pub(crate) fn number_connection(&self) -> u32 {
        let made = self.made.get();
        self.made.set(made.wrapping_add(1));
        made.wrapping_mul(self.of).wrapping_add(self.index).wrapping_add(1)
    }

    /// Gives up all requests that wait.
    pub(crate) fn close(&self) {
        let waiting = std::mem::take(&mut *self.queue.borrow_mut());
        drop(waiting);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.connections.set(self.0.connections.get() - 1);
    }
}

impl JobSlot {
    /// That of a connection to `target`.
    pub(crate) fn new(target: usize) -> Self {
        JobSlot { target, job: Cell::default(), dismissed: Cell::default(), waker: RefCell::default() }
    }

    fn give(&self, job: Job) {
        self.job.set(Some(job));
        self.wake();
    }

    /// Asks the connection to close.
    fn dismiss(&self) {
        self.dismissed.set(true);
        self.wake();
    }

    pub(crate) fn take(&self) -> Option<Job> {
        self.job.take()
    }

    pub(crate) fn is_dismissed(&self) -> bool {
        self.dismissed.get()
    }

    /// Wakes this task when there is something to do.
    pub(crate) fn watch(&self, cx: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        match &mut *waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => *waker = Some(cx.waker().clone()),
        }
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}
