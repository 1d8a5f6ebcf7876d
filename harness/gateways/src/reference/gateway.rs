//! What all requests of one gateway share.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use http::HeaderName;
use net::tls::ClientTls;
use net::{Timer, World};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use tokio::sync::Semaphore;
use units::Moment;

use super::attempt::Outgoing;
use super::breakers::{Breakers, Permit};
use super::budget::Budget;
use super::connections::{Backend, Connections};
use super::health::{Checks, Health};
use super::line::{Line, Turn};
use super::logs::Log;
use super::mixed::Mixed;
use super::pool::Pool;
use super::quota::Quota;
use super::request_rules::RequestRules;
use super::settings::{Next, Settings, Setup, Slip};
use super::standstill::Standstill;
use super::swap::Swapped;
use super::tells::Told;
use crate::{Upstream, Upstreams};

/// How many of the keys a gateway forgets that forgets keys.
const FORGOTTEN: f64 = 0.05;

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
    /// What is put into each attempt and taken out of it.
    pub(crate) rules: RequestRules,
    /// Whether any attempt has failed.
    pub(crate) has_failed: Cell<bool>,
    /// What health checks say of each backend.
    health: Health,
    /// Who may be under way at a backend, if that is limited.
    line: Option<Rc<Line>>,
    /// How many requests are let through in a time, if that is limited.
    pub(crate) quota: Option<Quota>,
    /// How many further attempts may be under way.
    pub(crate) budget: Budget,
    /// Leave to forward a request.
    pub(crate) turns: Semaphore,
    /// What it tells of itself.
    pub(crate) told: Told,
    /// What it writes of each request.
    pub(crate) log: Log,
    /// Clients' connections so far.
    pub(crate) clients: Cell<u64>,
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
            rules: RequestRules::new(&upstreams.policy, backends),
            has_failed: Cell::new(false),
            health: Health::new(&checks),
            quota: settings.quota.as_ref().map(|rules| Quota::new(rules, born)),
            line: settings.limit.as_ref().map(|rules| Line::new(rules, backends.len())),
            budget: Budget::new(settings.retry.as_ref().and_then(|retry| retry.budget)),
            turns: Semaphore::new(settings.under_way_max),
            told: Told::new(backends.iter().map(|backend| backend.name.as_str())),
            log: Log::new(setup.log.as_ref()),
            clients: Cell::new(0),
            workers: (0..workers).map(worker).collect(),
            settings,
            world: world.clone(),
            timer,
        }
    }

    /// Chooses among these backends only, from now on. Idle connections to the others are closed.
    pub(crate) fn use_only(&self, backends: &[usize]) {
        for worker in &self.workers {
            worker.pool.borrow_mut().use_only(backends);
        }
        for (index, connections) in self.connections.iter().enumerate() {
            if !backends.contains(&index) {
                connections.close_idle();
            }
        }
    }

    /// An attempt has failed.
    pub(crate) fn note_failure(&self, now: Moment) {
        self.has_failed.set(true);
        self.told.failure(now);
        self.standstill.note_failure(now);
    }

    /// The backends that it chooses among.
    pub(crate) fn in_use(&self) -> Vec<usize> {
        self.workers.first().map_or_else(Vec::new, |worker| worker.pool.borrow().in_use())
    }

    /// Whether a backend is in use: well by its health checks, and not left alone by the breaker of every instance.
    pub(crate) fn uses(&self, backend: usize, now: Moment) -> bool {
        self.health.is_well(backend)
            && self.workers.iter().any(|worker| !worker.breakers.leaves_alone(backend, now))
    }

    /// The instance that a request comes to.
    pub(crate) fn worker(&self) -> &Worker {
        match &self.workers[..] {
            [only] => only,
            many => &many[self.draws.borrow_mut().random_range(0..many.len())],
        }
    }

    /// Chooses a backend and gets its breaker's leave, at most `most` attempts being under way where that is limited.
    fn choose(&self, worker: &Worker, tried: &[usize], key: Option<u64>, most: u32) -> Choice {
        let now = self.timer.now();
        let next = self.settings.retry.as_ref().map_or(Next::Any, |retry| retry.next);
        let key = key.filter(|_| !self.forgets_key(!tried.is_empty()));
        let full = Cell::new(false);
        let has_room = |backend| {
            let room = self.line.as_ref().is_none_or(|line| line.has_room(backend, most));
            full.set(full.get() || !room);
            room
        };
        let admits = |backend| {
            if !self.health.is_well(backend) {
                return false;
            }
            let share = worker.breakers.share(backend, now);
            // Nothing is drawn where all is certain, so that a breaker that never opens changes no other draw.
            let admitted = share >= 1.0 || (share > 0.0 && self.draws.borrow_mut().random_bool(share));
            admitted && has_room(backend)
        };
        let taken = |backend, permit| {
            Choice::Taken(backend, permit, self.line.as_ref().map(|line| line.take(backend)))
        };
        if let Some(backend) = worker.pool.borrow_mut().pick(tried, next, key, admits) {
            let permit = worker.breakers.admit(backend, now);
            return permit.map_or(Choice::Out, |permit| taken(backend, permit));
        }
        if !full.get() && worker.breakers.panics(now) {
            let picked = worker.pool.borrow_mut().pick(tried, next, key, has_room);
            if let Some(backend) = picked {
                return taken(backend, Permit::free());
            }
        }
        if full.get() { Choice::Full } else { Choice::Out }
    }

    /// Works in the defects that leave the key of an attempt out.
    fn forgets_key(&self, is_further: bool) -> bool {
        let now_and_then = self.settings.slips(Slip::ForgetsKeys);
        (is_further && self.settings.slips(Slip::TakesTurnsOnRetry))
            || (now_and_then && self.draws.borrow_mut().random_bool(FORGOTTEN))
    }

    /// Chooses a backend for an attempt of a request, as soon as there is room for one. A further attempt does not wait: the
    /// request has an answer already.
    pub(crate) async fn choose_in_turn(
        &self,
        worker: &Worker,
        tried: &[usize],
        request: &Outgoing,
        total: Option<Moment>,
    ) -> Choice {
        let Some(line) = &self.line else { return self.choose(worker, tried, request.key, u32::MAX) };
        let key = request.key;
        let starved = !request.body.is_empty() && self.settings.slips(Slip::StarvesWrites);
        let most = if starved { line.rules.in_flight / 2 } else { line.rules.in_flight };
        if line.is_empty() || !tried.is_empty() {
            let choice = self.choose(worker, tried, key, most);
            if !matches!(choice, Choice::Full) || !tried.is_empty() {
                return choice;
            }
        }
        let Some(place) = line.enter() else { return Choice::Full };
        let until = (self.timer.now() + line.rules.wait).min(total.unwrap_or(Moment::NEVER));
        while self.timer.until(until, place.called()).await.is_some() {
            let choice = if place.is_first() { self.choose(worker, tried, key, most) } else { Choice::Full };
            if !matches!(choice, Choice::Full) {
                return choice;
            }
        }
        Choice::Full
    }
}

/// Where an attempt goes.
pub(crate) enum Choice {
    /// To this backend.
    Taken(usize, Permit, Option<Turn>),
    /// Nowhere: as many are under way as may be.
    Full,
    /// Nowhere: every breaker is open, or the pool is empty.
    Out,
}

/// The headers that a backend of this name does not get.
fn withheld(setup: &Setup, backend: &str) -> Vec<HeaderName> {
    let names = setup.withhold.get(backend).into_iter().flatten();
    names.filter_map(|name| name.parse().ok()).collect()
}
