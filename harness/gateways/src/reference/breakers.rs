//! The breakers of all backends, and passes that can't be forgotten.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use net::Timer;
use units::Moment;

use super::breaker::{Machine, Outcome, Pass};
use super::settings::Settings;

/// One breaker for each backend, if the policy has any.
pub(crate) struct Breakers {
    machines: Vec<Rc<RefCell<Machine>>>,
    timer: Timer,
}

impl Breakers {
    pub(crate) fn new(settings: &Settings, backends: usize, timer: &Timer) -> Self {
        let machine = || settings.breaker.clone().map(|breaker| Rc::new(RefCell::new(Machine::new(breaker))));
        let machines = if settings.one_breaker {
            machine().map_or_else(Vec::new, |one| vec![one; backends])
        } else {
            (0..backends).filter_map(|_| machine()).collect()
        };
        Breakers { machines, timer: timer.clone() }
    }

    /// True if the breaker of `backend` would let a request through.
    pub(crate) fn admits(&self, backend: usize, now: Moment) -> bool {
        self.machines.get(backend).is_none_or(|machine| machine.borrow().admits(now))
    }

    /// Lets a request to `backend` through, or not.
    pub(crate) fn admit(&self, backend: usize, now: Moment) -> Option<Permit> {
        let Some(machine) = self.machines.get(backend) else {
            return Some(Permit(None));
        };
        let pass = machine.borrow_mut().admit(now)?;
        Some(Permit(Some(Held { machine: machine.clone(), pass, timer: self.timer.clone() })))
    }
}

/// Leave to send one request. Dropping it without a result says that nobody will know it, so that a client which
/// goes away never wedges a breaker half-open.
pub(crate) struct Permit(Option<Held>);

struct Held {
    machine: Rc<RefCell<Machine>>,
    pass: Pass,
    timer: Timer,
}

impl Permit {
    pub(crate) fn succeed(mut self) {
        self.end(Outcome::Success);
    }

    /// The backend failed; perhaps it said for how long it will be out.
    pub(crate) fn fail(mut self, retry_after: Option<Duration>) {
        self.end(Outcome::Failure(retry_after));
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(held) = self.0.take() {
            held.machine.borrow_mut().record(held.timer.now(), held.pass, outcome);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.end(Outcome::Unknown);
    }
}
