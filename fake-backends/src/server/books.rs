//! The rows of evidence that a pool writes, and its totals.

use std::cell::{Cell, RefCell};

use evidence::{Attempt, Connection, Firing, HeaderLog, Probe, RecordedHeaders, Recorder, Sheet};
use net::World;
use units::Moment;

use super::totals::PoolTotals;

/// Where everything that happens at a pool is written down. After [`Books::close`] nothing is.
pub(super) struct Books {
    /// Whether headers are recorded.
    pub(super) has_headers: bool,
    writers: RefCell<Option<Writers>>,
    totals: Cell<PoolTotals>,
}

struct Writers {
    attempts: Sheet<Attempt>,
    connections: Sheet<Connection>,
    probes: Sheet<Probe>,
    firings: Sheet<Firing>,
    headers: Option<HeaderLog>,
}

impl Books {
    pub(super) fn new(recorder: &Recorder, record: Option<&RecordedHeaders>) -> Self {
        let writers = Writers {
            attempts: recorder.sheet(),
            connections: recorder.sheet(),
            probes: recorder.sheet(),
            firings: recorder.sheet(),
            headers: record.map(|what| HeaderLog::new(what, recorder)),
        };
        Books { has_headers: record.is_some(), writers: RefCell::new(Some(writers)), totals: Cell::default() }
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut PoolTotals)) {
        let mut totals = self.totals.get();
        change(&mut totals);
        self.totals.set(totals);
    }

    pub(super) fn attempt(&self, attempt: Attempt) {
        self.count(|totals| totals.attempts += 1);
        self.write(|writers| writers.attempts.push(attempt));
    }

    /// Records an untagged request, unless it came before the epoch.
    pub(super) fn probe(&self, probe: Probe) {
        if probe.arrived.is_in_run() {
            self.count(|totals| totals.probes += 1);
            self.write(|writers| writers.probes.push(probe));
        }
    }

    /// Records a connection, unless it ended before the epoch.
    pub(super) fn connection(&self, mut connection: Connection) {
        if connection.closed.is_in_run() {
            // While the epoch was unknown, so was the distance to it.
            let is_known = World::had_epoch(connection.accepted);
            connection.accepted = if is_known { connection.accepted } else { Moment(-1) };
            self.write(|writers| writers.connections.push(connection));
        }
    }

    pub(super) fn firing(&self, firing: Firing) {
        self.write(|writers| writers.firings.push(firing));
    }

    /// Records headers, if any are recorded.
    pub(super) fn headers(&self, note: impl FnOnce(&mut HeaderLog)) {
        self.write(|writers| {
            if let Some(log) = &mut writers.headers {
                note(log);
            }
        });
    }

    /// Hands over what was recorded.
    pub(super) fn flush(&self) {
        self.write(|writers| {
            writers.attempts.flush();
            writers.connections.flush();
            writers.probes.flush();
            writers.firings.flush();
            if let Some(log) = &mut writers.headers {
                log.flush();
            }
        });
    }

    /// Hands over the rest; nothing is recorded from here on.
    pub(super) fn close(&self) -> PoolTotals {
        drop(self.writers.borrow_mut().take());
        self.totals.get()
    }

    fn write(&self, entry: impl FnOnce(&mut Writers)) {
        if let Some(writers) = self.writers.borrow_mut().as_mut() {
            entry(writers);
        }
    }
}
