//! What all requests of one gateway share.

use std::cell::RefCell;

use net::{Timer, World};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

use super::breakers::{Breakers, Permit};
use super::connections::Connections;
use super::defect::{Defect, Defects};
use super::pool::Pool;
use super::settings::{Next, Settings};
use crate::Upstreams;

/// A gateway: its pool, its breakers, its connections.
pub(crate) struct Gateway {
    pub(crate) settings: Settings,
    pub(crate) timer: Timer,
    pub(crate) connections: Vec<Connections>,
    pub(crate) draws: RefCell<Pcg64Mcg>,
    pool: RefCell<Pool>,
    breakers: Breakers,
}

impl Gateway {
    pub(crate) fn new(world: &World, upstreams: &Upstreams, defects: &[Defect]) -> Self {
        let settings = Settings::new(&upstreams.policy, Defects(defects));
        let timer = world.timer();
        let backends = &upstreams.backends;
        let connections = |address| Connections::new(world, &timer, address);
        Gateway {
            connections: backends.iter().map(|backend| connections(backend.address)).collect(),
            draws: RefCell::new(Pcg64Mcg::seed_from_u64(upstreams.seed)),
            pool: RefCell::new(Pool::new(backends)),
            breakers: Breakers::new(&settings, backends.len(), &timer),
            settings,
            timer,
        }
    }

    /// Chooses a backend and gets its breaker's leave; nothing if every breaker is open or the pool is empty.
    pub(crate) fn choose(&self, tried: &[usize]) -> Option<(usize, Permit)> {
        let now = self.timer.now();
        let next = self.settings.retry.as_ref().map_or(Next::Any, |retry| retry.next);
        let backend =
            self.pool.borrow_mut().pick(tried, next, |backend| self.breakers.admits(backend, now))?;
        Some((backend, self.breakers.admit(backend, now)?))
    }
}
