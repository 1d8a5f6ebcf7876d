//! What shows a breaker: one backend fails in each way that it counts, and then all of them.

use policy::{AllOut, Breaker, FailureClass, RetryOn, WayBack};
use units::Timespan;

use super::{CLASSES_MAX, On, Planning, RATE, SHOWN_MAX, WRITES, word, written};

/// So many failures of a backend are wanted of a phase: ten cases show a key, and some are no first attempts.
const FAILURES: u32 = 40;

/// The fewest and the most openings of a breaker in a phase.
const OPENINGS: (u32, u32) = (5, 20);

/// Breakers that open for longer are shown by one kind of failure only, and by fewer openings.
const LONG: Timespan = Timespan::from_secs(600);
const OPENINGS_LONG: u32 = 8;

/// How long a backend may be left alone in the scenario, in seconds; nothing where that is not shown.
pub(super) fn longest(breaker: &Breaker) -> f64 {
    if breaker.open_for > SHOWN_MAX {
        return 0.0;
    }
    let tick = breaker.tick.filter(|_| breaker.open_grows).map_or(0.0, |tick| tick.0.as_secs_f64());
    nth(breaker, if breaker.open_grows { OPENINGS.0 + 1 } else { 1 }) + tick
}

/// How long the n-th opening in a row lasts, in seconds.
fn nth(breaker: &Breaker, n: u32) -> f64 {
    let grown = breaker.open_for.0.as_secs_f64() * if breaker.open_grows { f64::from(n) } else { 1.0 };
    breaker.open_max.map_or(grown, |max| grown.min(max.0.as_secs_f64()))
}

/// So many further attempts with a body show that it is brought again.
const BODIES: f64 = 10.0;

impl Planning<'_> {
    pub(super) fn breaker(&mut self, breaker: &Breaker) {
        if breaker.open_for > SHOWN_MAX {
            let words = format!(
                "of the breaker nothing is shown: a run takes 24 h at most, and it opens for {}",
                breaker.open_for
            );
            return self.proof.unshown.push(words);
        }
        let open_for = breaker.open_for.0.as_secs_f64();
        let needed = breaker.trip.count.or(breaker.trip.consecutive).unwrap_or(1).max(1);
        let is_long = breaker.open_for > LONG;
        let most = if is_long { OPENINGS_LONG } else { OPENINGS.1 };
        let openings = FAILURES.div_ceil(needed).clamp(OPENINGS.0, most);
        // Where each opening is longer than the last, few of them are enough.
        let openings = if breaker.open_grows { OPENINGS.0 } else { openings };
        let looks =
            breaker.tick.filter(|_| breaker.open_grows).map_or(1.0, |tick| 1.0 + tick.0.as_secs_f64());
        let length = (1..=openings).map(|n| nth(breaker, n) + looks).sum::<f64>() + open_for / 2.0;
        let mut classes = representatives(breaker, self.policy.timeout.per_try.is_some());
        let is_one_enough = is_long || breaker.open_grows && breaker.fails.is_empty();
        classes.truncate(if is_one_enough { 1 } else { CLASSES_MAX });
        for (class, fault) in &classes {
            let name = format!("one-fails-by-{}", word(*fault));
            self.outage(&name, length, self.one_fails(*fault), On::One);
            if !breaker.fails.is_empty() {
                self.about(&[&format!("breaker.fails.{class}")]);
            }
            if let Some(per_try) = self.policy.timeout.per_try.filter(|_| *fault == RetryOn::Timeout) {
                // Those that are under way when it opens time out as well.
                let under_way = per_try.as_secs_f64() * RATE.0 / self.pool.members as f64;
                self.timeouts = f64::from(openings) * (f64::from(needed) + under_way);
            }
            let is_retried = self.policy.retry.as_ref().is_some_and(|retry| retry.on.contains(fault));
            if is_retried && self.pool.members > 1 {
                let key = format!("retry.on.{fault}");
                if !self.proof.about.contains(&key) {
                    self.proof.about.push(key);
                }
                let bodies = f64::from(openings * needed) * WRITES / (1.0 + WRITES);
                if bodies >= BODIES {
                    self.proof.replayed_in.get_or_insert(name);
                }
            }
        }
        let Some(fault) = self.all_fail_by(&classes) else { return };
        self.about(&["breaker.trip"]);
        // A health check may bring a backend back at any time after it.
        if breaker.way_back != Some(WayBack::Check) {
            self.about(&["breaker.open_for"]);
        }
        // Where one failure opens it, a backend that still fails gets one request, whether it was a probe or not.
        if needed > 1 {
            self.about(&["breaker.way_back"]);
        }
        if breaker.out_max.is_some() || breaker.all_out == Some(AllOut::Panic) {
            let words = "of what becomes of requests while all backends fail nothing is shown: they go to backends that are left alone as well";
            return self.proof.unshown.push(words.into());
        }
        self.all_fail(breaker, needed, fault);
    }

    fn all_fail(&mut self, breaker: &Breaker, needed: u32, fault: RetryOn) {
        if self.pool.has_groups && self.pool.gradual {
            let words = "of the groups nothing is shown: the next one gets a part of the traffic before all of the first are out";
            self.proof.unshown.push(words.into());
        } else if self.pool.has_groups {
            self.groups(breaker.open_for, needed, fault);
        }
        let (name, open_for) = ("all-fail", breaker.open_for.0.as_secs_f64());
        self.outage(name, open_for * 2.5, written(fault), On::All);
        self.about(&["breaker.all_out"]);
        if breaker.shed_status.is_some() {
            self.about(&["breaker.shed_status"]);
        }
        self.proof.shed_in = Some(name.to_owned());
    }
}

/// Of what a breaker counts, some kinds that a fault can make, each with the class that it belongs to.
fn representatives(breaker: &Breaker, is_timed: bool) -> Vec<(FailureClass, RetryOn)> {
    let wanted =
        [RetryOn::Status(429), RetryOn::Status(503), RetryOn::Status(500), RetryOn::Timeout, RetryOn::Reset];
    let class_of = |fault: RetryOn| {
        let found = counted(breaker).iter().copied().find(|class| match fault {
            RetryOn::Status(status) => class.takes_status(status),
            _ => *class == FailureClass::One(fault),
        })?;
        (is_timed || fault != RetryOn::Timeout).then_some((found, fault))
    };
    let mut found: Vec<(FailureClass, RetryOn)> = Vec::new();
    for (class, fault) in wanted.into_iter().filter_map(class_of) {
        if !found.iter().any(|(known, _)| *known == class) {
            found.push((class, fault));
        }
    }
    if found.is_empty() {
        found.extend(breaker.fails.iter().find_map(|class| match class {
            FailureClass::Statuses(hundred) => Some((*class, RetryOn::Status(hundred * 100 + 3))),
            FailureClass::One(RetryOn::Status(status)) => Some((*class, RetryOn::Status(*status))),
            FailureClass::One(_) => None,
        }));
    }
    found
}

pub(super) fn counts(breaker: &Breaker, on: RetryOn) -> bool {
    counted(breaker).iter().any(|class| match on {
        RetryOn::Status(status) => class.takes_status(status),
        _ => *class == FailureClass::One(on),
    })
}

/// What counts as a failure.
fn counted(breaker: &Breaker) -> &[FailureClass] {
    if breaker.fails.is_empty() { &FailureClass::USUAL } else { &breaker.fails }
}
