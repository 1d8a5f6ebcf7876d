//! Health checks: requests of the gateway's own, apart from the traffic and without its tag. A breaker asks for one where they decide
//! when it closes; those of the policy go on all the time.

use std::cell::Cell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use net::{Timer, World};
use policy::HealthCheck;

use super::attempt::{Outgoing, attempt};
use super::body::drain;
use super::connections::{Backend, Connections};
use super::settings::{Settings, Slip};

/// How long a check may take. HAProxy's `timeout check` and Envoy's health checks take a second by custom as well.
const WITHIN: Duration = Duration::from_secs(1);

/// What it takes to check each backend.
#[derive(Clone)]
pub(crate) struct Checks(Rc<Inner>);

struct Inner {
    world: World,
    timer: Timer,
    settings: Settings,
    backends: Vec<Backend>,
}

impl Checks {
    pub(crate) fn new(world: &World, settings: &Settings, backends: Vec<Backend>) -> Self {
        let (world, timer, settings) = (world.clone(), world.timer(), settings.clone());
        Checks(Rc::new(Inner { world, timer, settings, backends }))
    }

    pub(crate) fn backends(&self) -> usize {
        self.0.backends.len()
    }

    pub(crate) fn timer(&self) -> &Timer {
        &self.0.timer
    }

    /// Asks a backend for `/`, on a connection of its own: true if it answers with a success in time.
    pub(crate) async fn is_well(&self, backend: usize) -> bool {
        let status = self.status(backend, Uri::from_static("/"), WITHIN).await;
        status.is_some_and(|status| (200..300).contains(&status))
    }

    /// The status that a backend answers with, if it does so in time.
    async fn status(&self, backend: usize, uri: Uri, within: Duration) -> Option<u16> {
        let Inner { world, timer, settings, backends } = &*self.0;
        let connections = Connections::new(world, timer, backends[backend].clone(), settings);
        let mut headers = HeaderMap::new();
        // An address is a valid header value; nothing is asked of one that were none.
        let Ok(host) = HeaderValue::from_str(&backends[backend].address.to_string()) else { return None };
        headers.insert(header::HOST, host);
        let check = Outgoing { method: Method::GET, uri, headers, body: Bytes::new(), key: None };
        match attempt(settings, timer, &connections, &check, Some(timer.now() + within)).await {
            Ok(answer) => {
                let status = answer.response.status().as_u16();
                drain(answer, timer);
                Some(status)
            }
            Err(_) => None,
        }
    }
}

/// The health checks of the policy, as this gateway makes them.
#[derive(Clone, Debug)]
pub(crate) struct HealthRules {
    pub(crate) path: Uri,
    pub(crate) every: Duration,
    pub(crate) fall: u32,
    pub(crate) rise: u32,
    pub(crate) within: Duration,
}

impl HealthRules {
    pub(crate) fn new(declared: &HealthCheck) -> Self {
        HealthRules {
            // What the policy lets through is a path.
            path: declared.path.parse().unwrap_or_else(|_| Uri::from_static("/")),
            every: declared.every.into(),
            fall: declared.fall,
            rise: declared.rise,
            within: declared.within().into(),
        }
    }
}

/// What the checks of the policy say of each backend.
pub(crate) struct Health(Option<Rc<Vec<Patient>>>);

/// One backend: whether it is in use, and how many checks in a row speak against that.
struct Patient {
    is_well: Cell<bool>,
    against: Cell<u32>,
}

impl Health {
    /// All are well at first; checks go on until this is dropped.
    pub(crate) fn new(checks: &Checks) -> Self {
        let Some(rules) = checks.0.settings.health.clone() else { return Health(None) };
        let patient = |_| Patient { is_well: Cell::new(true), against: Cell::new(0) };
        let patients = Rc::new((0..checks.backends()).map(patient).collect());
        for backend in 0..checks.backends() {
            tokio::task::spawn_local(watch(Rc::downgrade(&patients), checks.clone(), backend, rules.clone()));
        }
        Health(Some(patients))
    }

    /// True if a backend is in use.
    pub(crate) fn is_well(&self, backend: usize) -> bool {
        self.0.as_ref().is_none_or(|patients| patients[backend].is_well.get())
    }
}

impl Patient {
    /// Takes the result of a check.
    fn hear(&self, good: bool, rules: &HealthRules) {
        if good == self.is_well.get() {
            return self.against.set(0);
        }
        self.against.set(self.against.get() + 1);
        if self.against.get() >= if good { rules.rise } else { rules.fall } {
            self.is_well.set(good);
            self.against.set(0);
        }
    }
}

/// Asks a backend again and again, each time so long after the last time.
async fn watch(patients: Weak<Vec<Patient>>, checks: Checks, backend: usize, rules: HealthRules) {
    let timer = checks.timer().clone();
    let ignored = checks.0.settings.slips(Slip::IgnoresHealth);
    // One after the other, so that they don't come all at once.
    let mut next = timer.now() + rules.every.mul_f64(backend as f64 / checks.backends() as f64);
    // Between two checks nothing is held, so that the gateway's end is the end of this too.
    while patients.strong_count() > 0 {
        timer.sleep_until(next).await;
        if patients.strong_count() == 0 {
            return;
        }
        let status = checks.status(backend, rules.path.clone(), rules.within).await;
        let Some(patients) = patients.upgrade() else { return };
        if !ignored {
            patients[backend].hear(status.is_some_and(|status| (200..400).contains(&status)), &rules);
        }
        // What is overdue is left out, and not made up for.
        let (due, now) = (next + rules.every, timer.now());
        next = if due < now { now + rules.every } else { due };
    }
}
