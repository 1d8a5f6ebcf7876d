//! What all connections of a pool share, on its one thread.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use evidence::{Recorder, Tag};
use net::{Timer, World};
use units::Moment;

use super::arrivals::Arrivals;
use super::books::Books;
use super::certificates::Certificates;
use super::connections::OpenConnections;
use super::response::Backend;
use crate::PoolSpec;
use crate::fault::{Admission, Admitted, Used};

/// The common part of all servers of a pool.
pub(super) struct Server {
    pub(super) world: World,
    pub(super) timer: Timer,
    pub(super) spec: PoolSpec,
    /// What each backend needs for its answers, by index.
    pub(super) backends: Vec<Backend>,
    pub(super) open: OpenConnections,
    pub(super) books: Books,
    /// Arrivals of each tag so far, over the whole pool.
    numbers: Box<[Cell<u16>]>,
    /// How far limits are used up, by injection and backend.
    limits: RefCell<HashMap<(u16, u16), Used>>,
    arrivals: Arc<Arrivals>,
    /// Present if any backend speaks TLS.
    pub(super) certificates: Option<Certificates>,
}

impl Server {
    pub(super) fn new(
        world: World,
        spec: PoolSpec,
        recorder: &Recorder,
        arrivals: Arc<Arrivals>,
        certificates: Option<Certificates>,
    ) -> Self {
        Server {
            timer: world.timer(),
            backends: (0..spec.backends.len()).map(|index| Backend::new(&spec, index)).collect(),
            open: OpenConnections::default(),
            books: Books::new(recorder, spec.record.as_ref()),
            numbers: vec![Cell::new(0); spec.exchanges_max as usize].into(),
            limits: RefCell::default(),
            arrivals,
            certificates,
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

    /// Asks the limit of an injection for a request that has arrived whole at `now`.
    pub(super) fn admit(&self, injection: u16, backend: u16, admission: &Admission, now: Moment) -> Admitted {
        // The request itself is under way too.
        let others = self.backends[usize::from(backend)].under_way.get().saturating_sub(1);
        let mut limits = self.limits.borrow_mut();
        limits.entry((injection, backend)).or_default().admit(admission, now, others)
    }
}
