//! What all connections of a pool share, on its one thread.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use evidence::{Attempt, Connection, Firing, Probe, Recorder, Sheet, Tag};
use net::{Timer, World};
use units::Moment;

use super::PoolTotals;
use super::arrivals::Arrivals;
use super::open::OpenConnections;
use super::response::Backend;
use crate::PoolSpec;

/// The common part of all servers of a pool.
pub(super) struct Server {
    pub(super) world: World,
    pub(super) timer: Timer,
    pub(super) spec: PoolSpec,
    /// What each backend needs for its answers, by index.
    pub(super) backends: Vec<Backend>,
    pub(super) open: OpenConnections,
    /// Arrivals of each tag so far, over the whole pool.
    numbers: Box<[Cell<u16>]>,
    arrivals: Arc<Arrivals>,
    books: RefCell<Option<Books>>,
    totals: Cell<PoolTotals>,
}

/// The sheets that evidence is written on.
struct Books {
    attempts: Sheet<Attempt>,
    connections: Sheet<Connection>,
    probes: Sheet<Probe>,
    firings: Sheet<Firing>,
}

impl Server {
    pub(super) fn new(world: World, spec: PoolSpec, recorder: &Recorder, arrivals: Arc<Arrivals>) -> Self {
        let books = Books {
            attempts: recorder.sheet(),
            connections: recorder.sheet(),
            probes: recorder.sheet(),
            firings: recorder.sheet(),
        };
        Server {
            timer: world.timer(),
            backends: (0..spec.backends.len()).map(|index| Backend::new(&spec, index)).collect(),
            open: OpenConnections::default(),
            numbers: vec![Cell::new(0); spec.exchanges_max as usize].into(),
            arrivals,
            books: RefCell::new(Some(books)),
            totals: Cell::default(),
            world,
            spec,
        }
    }

    /// Counts an arrival of `tag` at a backend: its number from 1, or `UNKNOWN_ATTEMPT` once the counter is full.
    pub(super) fn number(&self, tag: Tag, backend: u16) -> u16 {
        self.arrivals.count(backend);
        let number = &self.numbers[tag.0 as usize];
        number.set(number.get().saturating_add(1));
        number.get()
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut PoolTotals)) {
        let mut totals = self.totals.get();
        change(&mut totals);
        self.totals.set(totals);
    }

    pub(super) fn record_attempt(&self, attempt: Attempt) {
        self.count(|totals| totals.attempts += 1);
        self.write(|books| books.attempts.push(attempt));
    }

    /// Records an untagged request, unless it came before the epoch.
    pub(super) fn record_probe(&self, probe: Probe) {
        if probe.arrived.is_in_run() {
            self.count(|totals| totals.probes += 1);
            self.write(|books| books.probes.push(probe));
        }
    }

    /// Records a connection, unless it ended before the epoch.
    pub(super) fn record_connection(&self, mut connection: Connection) {
        if connection.closed.is_in_run() {
            // While the epoch is unknown, so is the distance to it.
            connection.accepted =
                if epoch_is_known(connection.accepted) { connection.accepted } else { Moment(-1) };
            self.write(|books| books.connections.push(connection));
        }
    }

    pub(super) fn record_firing(&self, firing: Firing) {
        self.write(|books| books.firings.push(firing));
    }

    /// Hands over what was recorded, and ends connections that wait for too long.
    pub(super) fn tick(&self) {
        self.write(|books| {
            books.attempts.flush();
            books.connections.flush();
            books.probes.flush();
            books.firings.flush();
        });
        self.open.tick();
    }

    /// Hands over the rest; nothing is recorded from here on.
    pub(super) fn close_books(&self) -> PoolTotals {
        drop(self.books.borrow_mut().take());
        self.totals.get()
    }

    fn write(&self, entry: impl FnOnce(&mut Books)) {
        if let Some(books) = self.books.borrow_mut().as_mut() {
            entry(books);
        }
    }
}

/// False as long as the world has no epoch: it then says that the run begins in more than a century.
pub(super) fn epoch_is_known(now: Moment) -> bool {
    now.0 > -(1 << 61)
}
