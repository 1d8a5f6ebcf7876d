//! The breakers of all backends, as one instance of the gateway keeps them, and passes that can't be forgotten.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use net::Timer;
use policy::{AllOut, WayBack};
use units::Moment;

use super::attempt::Failure;
use super::breaker::{Machine, Outcome, Pass};
use super::health::Checks;
use super::rules::Rules;

/// The breakers of one instance of the gateway, if the policy has any.
pub(crate) struct Breakers(Option<Rc<Ring>>);

/// The breakers, and what they need of each other.
struct Ring {
    rules: Rc<Rules>,
    /// One for each backend; or only one, for all of them.
    machines: Vec<RefCell<Machine>>,
    /// How many may be out at a time.
    out_max: usize,
    checks: Checks,
    timer: Timer,
}

impl Breakers {
    pub(crate) fn new(rules: Option<&Rc<Rules>>, checks: &Checks, born: Moment) -> Self {
        let backends = checks.backends();
        let ring = rules.map(|rules| {
            let count = if rules.whole_pool { backends.min(1) } else { backends };
            // The bound is about backends. Where one breaker stands for all of them, they go out together or not at all.
            let all = if rules.whole_pool { 1 } else { backends };
            Rc::new(Ring {
                rules: rules.clone(),
                machines: (0..count).map(|_| RefCell::new(Machine::new(rules.clone(), born))).collect(),
                out_max: (rules.out_max * all as f64).floor() as usize,
                checks: checks.clone(),
                timer: checks.timer().clone(),
            })
        });
        Breakers(ring)
    }

    /// How much of its turns `backend` gets: 0 while its breaker is open.
    pub(crate) fn share(&self, backend: usize, now: Moment) -> f64 {
        self.0.as_ref().map_or(1.0, |ring| ring.of(backend).borrow().share(now))
    }

    /// True while the breaker of `backend` leaves it alone, or only probes it.
    pub(crate) fn leaves_alone(&self, backend: usize, now: Moment) -> bool {
        self.0.as_ref().is_some_and(|ring| ring.of(backend).borrow().is_out(now))
    }

    /// True if every backend is out, and the traffic goes to all of them for that.
    pub(crate) fn panics(&self, now: Moment) -> bool {
        self.0.as_ref().is_some_and(|ring| {
            ring.rules.all_out == AllOut::Panic
                && ring.machines.iter().all(|machine| machine.borrow().is_out(now))
        })
    }

    /// Lets a request to `backend` through, or not.
    pub(crate) fn admit(&self, backend: usize, now: Moment) -> Option<Permit> {
        let Some(ring) = &self.0 else {
            return Some(Permit::free());
        };
        let pass = ring.of(backend).borrow_mut().admit(now)?;
        Some(Permit(Some(Held { ring: ring.clone(), backend, pass })))
    }
}

impl Ring {
    fn of(&self, backend: usize) -> &RefCell<Machine> {
        &self.machines[if self.rules.whole_pool { 0 } else { backend }]
    }

    fn record(self: &Rc<Self>, backend: usize, pass: Pass, outcome: Outcome) {
        let now = self.timer.now();
        let own = self.of(backend);
        let out =
            |machine: &RefCell<Machine>| !std::ptr::eq(machine, own) && machine.borrow().takes_a_place(now);
        let others = self.machines.iter().filter(|machine| out(machine)).count();
        let opened = own.borrow_mut().record(now, pass, outcome, others < self.out_max);
        if opened.is_some() && self.rules.takes_the_next {
            self.of((backend + 1) % self.checks.backends()).borrow_mut().open(now, None);
        }
        if let Some(until) = opened.filter(|_| self.rules.way_back == WayBack::Check) {
            let check = check_until_well(Rc::downgrade(self), backend, until);
            tokio::task::spawn_local(check);
        }
    }
}

/// Asks a backend for its health, first at `from`, until it is well: then it gets its traffic back.
async fn check_until_well(ring: Weak<Ring>, backend: usize, from: Moment) {
    let mut next = from;
    // Between two checks nothing is held, so that the gateway's end is the end of this too.
    while let Some((timer, checks)) = ring.upgrade().map(|ring| (ring.timer.clone(), ring.checks.clone())) {
        timer.sleep_until(next).await;
        let well = checks.is_well(backend).await;
        let Some(ring) = ring.upgrade() else { return };
        if well {
            return ring.of(backend).borrow_mut().heal(timer.now());
        }
        next = timer.now() + ring.rules.tick.unwrap_or(ring.rules.open_for).max(CHECK_PAUSE);
    }
}

/// The shortest time between two health checks of one backend.
const CHECK_PAUSE: Duration = Duration::from_millis(1);

/// Leave to send one request. Dropping it without a result says that nobody will know it, so that a client which
/// goes away never wedges a breaker half-open.
pub(crate) struct Permit(Option<Held>);

struct Held {
    ring: Rc<Ring>,
    backend: usize,
    pass: Pass,
}

impl Permit {
    /// Leave that no breaker gave, and that none hears of.
    pub(crate) fn free() -> Self {
        Permit(None)
    }

    pub(crate) fn succeed(mut self) {
        self.end(Outcome::Success);
    }

    /// The backend brought no whole answer.
    pub(crate) fn fail_as(mut self, failure: Failure) {
        let fails = self.0.as_ref().is_some_and(|held| held.ring.rules.fail_without_answer(failure));
        self.end(if fails { Outcome::Failure(None) } else { Outcome::Success });
    }

    /// The head of an answer is there, and perhaps it says for how long the backend will be out. If the status is a
    /// failure, that is the result; if not, the permit comes back, since the body is still to come.
    pub(crate) fn answered(mut self, status: u16, retry_after: Option<Duration>) -> Option<Self> {
        if self.0.as_ref().is_some_and(|held| held.ring.rules.fail_status(status)) {
            self.end(Outcome::Failure(retry_after));
            return None;
        }
        Some(self)
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(held) = self.0.take() {
            held.ring.record(held.backend, held.pass, outcome);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let aborts_fail = self.0.as_ref().is_some_and(|held| held.ring.rules.aborts_fail);
        self.end(if aborts_fail { Outcome::Failure(None) } else { Outcome::Unknown });
    }
}
