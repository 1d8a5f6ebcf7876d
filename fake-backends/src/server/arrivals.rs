//! How many attempts have reached each backend so far: for watching only, evidence is recorded elsewhere.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of a pool, one a backend: written by the pool's one thread, read by any.
#[derive(Debug)]
pub struct Arrivals(Box<[AtomicU64]>);

impl Arrivals {
    pub(super) fn of(backends: usize) -> Self {
        Arrivals((0..backends).map(|_| AtomicU64::new(0)).collect())
    }

    /// Attempts that have reached each backend, in the order of the spec.
    pub fn so_far(&self) -> Vec<u64> {
        self.0.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    /// Counts one. Only the pool's thread does, so that loading and storing loses none and locks no bus.
    pub(super) fn count(&self, backend: u16) {
        let count = &self.0[usize::from(backend)];
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}
