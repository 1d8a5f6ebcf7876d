//! How far the load is: counters that others read while it runs, and the sums at its end.

use std::iter::Sum;
use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};

use evidence::{Exchange, Outcome};

/// Counters of a run, shared by all threads that send. They are for watching only: evidence is recorded elsewhere.
#[derive(Debug, Default)]
pub struct Live {
    admitted: AtomicU64,
    sent: AtomicU64,
    ok: AtomicU64,
    failed: AtomicU64,
    skipped: AtomicU64,
}

/// What [`Live`] showed at one time. The figures are read one after the other, so they may be off by a few.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Requests handed to a connection or to an attempt to make one.
    pub sent: u64,
    /// Exchanges that are over, skipped ones included.
    pub done: u64,
    /// Exchanges that succeeded: a whole response with a status below 400.
    pub ok: u64,
    /// Exchanges that are over and did not succeed, without the skipped ones.
    pub failed: u64,
    /// Requests that were never sent, because too many were in flight.
    pub skipped: u64,
    /// Requests under way or waiting for a connection.
    pub in_flight: u64,
}

impl Live {
    /// The counters as they are now.
    pub fn progress(&self) -> Progress {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (ok, failed, skipped) = (read(&self.ok), read(&self.failed), read(&self.skipped));
        Progress {
            sent: read(&self.sent),
            done: ok + failed + skipped,
            ok,
            failed,
            skipped,
            in_flight: read(&self.admitted).saturating_sub(ok + failed),
        }
    }

    pub(crate) fn admitted(&self) {
        self.admitted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sending(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn over(&self, exchange: &Exchange) {
        let counter = match exchange.outcome {
            Outcome::Skipped => &self.skipped,
            _ if exchange.succeeded() => &self.ok,
            _ => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// How the exchanges of one part of the load ended. `ok + failed + skipped + unfinished` are all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// A whole response with a status below 400.
    pub ok: u64,
    /// Ended in any other way.
    pub failed: u64,
    /// Never sent, because too many were in flight.
    pub skipped: u64,
    /// Still under way when the load ended.
    pub unfinished: u64,
}

impl Totals {
    /// All exchanges that were recorded.
    pub fn exchanges(&self) -> u64 {
        self.ok + self.failed + self.skipped + self.unfinished
    }

    pub(crate) fn add(&mut self, exchange: &Exchange) {
        match exchange.outcome {
            Outcome::Skipped => self.skipped += 1,
            Outcome::Unfinished => self.unfinished += 1,
            _ if exchange.succeeded() => self.ok += 1,
            _ => self.failed += 1,
        }
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Totals) {
        self.ok += other.ok;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.unfinished += other.unfinished;
    }
}

impl Sum for Totals {
    fn sum<I: Iterator<Item = Totals>>(parts: I) -> Totals {
        parts.fold(Totals::default(), |mut sum, part| {
            sum += part;
            sum
        })
    }
}
