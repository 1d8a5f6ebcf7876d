//! What all requests of one gateway share.

use std::cell::{Cell, RefCell};

use http::HeaderName;
use net::tls::ClientTls;
use net::{Timer, World};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use tokio::sync::Semaphore;

use super::breakers::{Breakers, Permit};
use super::connections::{Backend, Connections};
use super::health::Checks;
use super::mixed::Mixed;
use super::pool::Pool;
use super::settings::{Next, Settings, Setup};
use super::standstill::Standstill;
use super::swap::Swapped;
use crate::{Upstream, Upstreams};

/// A gateway: its instances, and its connections.
pub(crate) struct Gateway {
    pub(crate) settings: Settings,
    pub(crate) world: World,
    pub(crate) timer: Timer,
    pub(crate) connections: Vec<Connections>,
    pub(crate) draws: RefCell<Pcg64Mcg>,
    pub(crate) swapped: Swapped,
    pub(crate) standstill: Standstill,
    pub(crate) mixed: Mixed,
    /// The headers that each backend does not get, by its index.
    pub(crate) withheld: Vec<Vec<HeaderName>>,
    /// Whether any attempt has failed.
    pub(crate) has_failed: Cell<bool>,
    /// Leave to forward a request.
    pub(crate) turns: Semaphore,
    workers: Vec<Worker>,
}

/// One instance: whose turn it is, and who is left alone, it knows for itself.
pub(crate) struct Worker {
    pool: RefCell<Pool>,
    breakers: Breakers,
}

impl Gateway {
    /// `to_backends` is how those of them are talked to that speak TLS.
    pub(crate) fn new(
        world: &World,
        upstreams: &Upstreams,
        setup: &Setup,
        to_backends: Option<&ClientTls>,
    ) -> Self {
        let settings = Settings::new(&upstreams.policy, &setup.defects);
        let timer = world.timer();
        let backends = &upstreams.backends;
        let place = |backend: &Upstream| Backend {
            address: backend.address,
            tls: to_backends.filter(|_| backend.tls).cloned(),
        };
        let connections = |backend| Connections::new(world, &timer, place(backend), &settings);
        let checks = Checks::new(world, &settings, backends.iter().map(place).collect());
        let born = timer.now();
        let worker = |_| Worker {
            pool: RefCell::new(Pool::new(backends, &settings)),
            breakers: Breakers::new(settings.breaker.as_ref(), &checks, born),
        };
        let workers = settings.breaker.as_ref().map_or(1, |rules| rules.workers);
        Gateway {
            connections: backends.iter().map(connections).collect(),
            draws: RefCell::new(Pcg64Mcg::seed_from_u64(upstreams.seed)),
            swapped: Swapped::default(),
            standstill: Standstill::new(&settings, born),
            mixed: Mixed::default(),
            withheld: backends.iter().map(|backend| withheld(setup, &backend.name)).collect(),
            has_failed: Cell::new(false),
            turns: Semaphore::new(settings.under_way_max),
            workers: (0..workers).map(worker).collect(),
            settings,
            world: world.clone(),
            timer,
        }
    }

    /// The instance that a request comes to.
    pub(crate) fn worker(&self) -> &Worker {
        match &self.workers[..] {
            [only] => only,
            many => &many[self.draws.borrow_mut().random_range(0..many.len())],
        }
    }

    /// Chooses a backend and gets its breaker's leave; nothing if every breaker is open or the pool is empty.
    pub(crate) fn choose(&self, worker: &Worker, tried: &[usize]) -> Option<(usize, Permit)> {
        let now = self.timer.now();
        let next = self.settings.retry.as_ref().map_or(Next::Any, |retry| retry.next);
        let admits = |backend| {
            let share = worker.breakers.share(backend, now);
            // Nothing is drawn where all is certain, so that a breaker that never opens changes no other draw.
            share >= 1.0 || (share > 0.0 && self.draws.borrow_mut().random_bool(share))
        };
        if let Some(backend) = worker.pool.borrow_mut().pick(tried, next, admits) {
            return Some((backend, worker.breakers.admit(backend, now)?));
        }
        if !worker.breakers.panics(now) {
            return None;
        }
        let backend = worker.pool.borrow_mut().pick(tried, next, |_| true)?;
        Some((backend, Permit::free()))
    }
}

/// The headers that a backend of this name does not get.
fn withheld(setup: &Setup, backend: &str) -> Vec<HeaderName> {
    let names = setup.withhold.get(backend).into_iter().flatten();
    names.filter_map(|name| name.parse().ok()).collect()
}
