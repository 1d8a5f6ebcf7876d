//! One thread's share of the load: which connection carries what, and what is recorded.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use evidence::{Exchange, Outcome, Recorder, Sheet, Tag};
use net::{Timer, World};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use units::Moment;

use crate::connection::Lease;
use crate::job::Job;
use crate::slot::Slot;
use crate::template::Template;
use crate::users::User;
use crate::{Live, Part, Totals, connection};

/// What the tasks of one thread share.
pub(crate) struct Worker {
    pub(crate) part: Part,
    pub(crate) world: World,
    pub(crate) timer: Timer,
    /// Closed-loop users who have not left yet.
    pub(crate) users: Cell<usize>,
    /// Requests that closed-loop users made so far.
    pub(crate) closed_exchanges: Cell<u64>,
    pub(crate) tasks: RefCell<JoinSet<()>>,
    /// Rung when nothing is under way any more.
    pub(crate) quiet: Notify,
    /// The load is over: nothing new is begun.
    pub(crate) closing: Cell<bool>,
    pub(crate) sheet: RefCell<Sheet<Exchange>>,
    pub(crate) totals: Cell<Totals>,
    live: Arc<Live>,
    /// Connections that wait for work; the last one is used first, so that the others may close.
    idle: RefCell<Vec<Rc<Slot>>>,
    /// Requests that wait for a connection.
    queue: RefCell<VecDeque<Job>>,
    in_flight: Cell<usize>,
    /// Connections that are open or being opened.
    connections: Cell<usize>,
    /// Connections ever made.
    connections_made: Cell<u32>,
    connections_max: usize,
    in_flight_max: usize,
}

impl Worker {
    pub(crate) fn new(world: World, part: Part, recorder: &Recorder, live: Arc<Live>) -> Self {
        Worker {
            connections_max: part.connections_max(),
            in_flight_max: part.in_flight_max(),
            timer: world.timer(),
            sheet: RefCell::new(recorder.sheet()),
            part,
            world,
            live,
            users: Cell::default(),
            closed_exchanges: Cell::default(),
            tasks: RefCell::default(),
            quiet: Notify::new(),
            closing: Cell::default(),
            totals: Cell::default(),
            idle: RefCell::default(),
            queue: RefCell::default(),
            in_flight: Cell::default(),
            connections: Cell::default(),
            connections_made: Cell::default(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        self.timer.now()
    }

    pub(crate) fn template(&self, class: u16) -> &Template {
        &self.part.prepared.templates[usize::from(class)]
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        if !self.closing.get() {
            self.tasks.borrow_mut().spawn_local(task);
        }
    }

    /// Sends a request of the schedule, or skips it if too many are in flight already.
    pub(crate) fn send(self: &Rc<Self>, tag: Tag, class: u16, due: Moment) {
        if self.in_flight.get() < self.in_flight_max {
            let job = self.admit(tag, class, due, None);
            self.dispatch(job);
        } else {
            let now = self.now();
            Job::new(self.clone(), tag, class, due, None).finish(Outcome::Skipped, now);
        }
    }

    /// Counts a request as in flight.
    pub(crate) fn admit(self: &Rc<Self>, tag: Tag, class: u16, due: Moment, user: Option<User>) -> Job {
        self.in_flight.set(self.in_flight.get() + 1);
        self.live.admitted();
        Job::new(self.clone(), tag, class, due, user)
    }

    /// Gives a request to a connection: an idle one, a new one, or else the first that gets free.
    pub(crate) fn dispatch(self: &Rc<Self>, job: Job) {
        if let Some(job) = self.place(job) {
            self.queue(job);
        }
    }

    /// Lets a request wait for the next connection that gets free.
    pub(crate) fn queue(&self, job: Job) {
        self.queue.borrow_mut().push_back(job);
    }

    /// Gives the job back if it has to wait.
    fn place(self: &Rc<Self>, job: Job) -> Option<Job> {
        let reuse = job.template().keep_alive;
        if reuse && let Some(slot) = self.idle.borrow_mut().pop() {
            slot.give(job);
            return None;
        }
        if self.connections.get() < self.connections_max {
            let lease = Lease::new(self.clone());
            self.spawn(connection::open(self.clone(), lease, job));
            return None;
        }
        // A request that wants a fresh connection takes the place of the one that was idle for longest.
        let mut idle = self.idle.borrow_mut();
        if !reuse && !idle.is_empty() {
            idle.remove(0).dismiss();
        }
        Some(job)
    }

    /// The next request for a connection that has just got free. A connection gets nothing while the first in the
    /// queue wants a fresh one: it then has to make room.
    pub(crate) fn next_waiting(&self) -> NextWaiting {
        let mut queue = self.queue.borrow_mut();
        match queue.front() {
            None => NextWaiting::None,
            Some(first) if !first.template().keep_alive => NextWaiting::WantsRoom,
            Some(_) => queue.pop_front().map_or(NextWaiting::None, NextWaiting::Job),
        }
    }

    pub(crate) fn becomes_idle(&self, slot: &Rc<Slot>) {
        self.idle.borrow_mut().push(slot.clone());
    }

    pub(crate) fn is_no_longer_idle(&self, slot: &Rc<Slot>) {
        self.idle.borrow_mut().retain(|other| !Rc::ptr_eq(other, slot));
    }

    pub(crate) fn connection_begins(&self) {
        self.connections.set(self.connections.get() + 1);
    }

    /// Lets those that wait have the place of a connection that has ended.
    pub(crate) fn connection_ended(self: &Rc<Self>) {
        self.connections.set(self.connections.get() - 1);
        while !self.closing.get() {
            let Some(job) = self.queue.borrow_mut().pop_front() else {
                return;
            };
            if let Some(job) = self.place(job) {
                self.queue.borrow_mut().push_front(job);
                return;
            }
        }
    }

    /// A number for a connection that was made: from 1 over all parts.
    pub(crate) fn number_connection(&self) -> u32 {
        let made = self.connections_made.get();
        self.connections_made.set(made.wrapping_add(1));
        made.wrapping_mul(self.part.of as u32).wrapping_add(self.part.index as u32).wrapping_add(1)
    }

    pub(crate) fn sending(&self) {
        self.live.sending();
    }

    /// Records an exchange that is over.
    pub(crate) fn record(&self, exchange: &Exchange) {
        self.sheet.borrow_mut().push(exchange.clone());
        self.live.over(exchange);
        let mut totals = self.totals.get();
        totals.add(exchange);
        self.totals.set(totals);
        if exchange.outcome != Outcome::Skipped {
            self.in_flight.set(self.in_flight.get() - 1);
            self.look_whether_quiet();
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.in_flight.get() == 0 && self.users.get() == 0
    }

    pub(crate) fn look_whether_quiet(&self) {
        if self.is_quiet() {
            self.quiet.notify_one();
        }
    }

    /// Gives up everything that waits. What connections carry is given up with their tasks.
    pub(crate) fn close(&self) {
        self.closing.set(true);
        let waiting = std::mem::take(&mut *self.queue.borrow_mut());
        drop(waiting);
    }
}

/// What a connection that has just got free is to do.
pub(crate) enum NextWaiting {
    /// Nothing waits.
    None,
    /// This.
    Job(Job),
    /// Close, because the next request wants a fresh connection.
    WantsRoom,
}
