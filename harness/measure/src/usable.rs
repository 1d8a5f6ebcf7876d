//! Whether a backend was open to further attempts at a moment, as far as its traffic tells.

use std::time::Duration;

use evidence::{Attempt, Entry, Ledger};
use policy::{Breaker, FailureClass, RetryOn, WayBack};
use units::Moment;

use crate::arrivals::Told;
use crate::automata::input::told;
use crate::view::View;

/// A backend that got nothing for so long before a moment, and for so long after it, may be left alone: open times of
/// breakers and ejections are seconds.
const SEEN_WITHIN: Duration = Duration::from_millis(500);

/// The gateway may have known of a failure that was over so much later at the backend: what it does follows on its way there.
const BLUR: Duration = Duration::from_millis(2);

/// So many successes in a row show that a breaker is not half-open: gateways ask for one to three.
const SUCCESSES: usize = 3;

/// What one arrival told of its backend, and when.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    at: Moment,
    known: Moment,
    failed: bool,
}

/// What is known of one backend.
#[derive(Debug, Default)]
struct Backend {
    /// The arrivals, in order.
    seen: Vec<Outcome>,
    /// When failures were known, in order.
    failures: Vec<Moment>,
}

/// The arrivals at each backend.
pub struct Usable<'a> {
    view: View<'a>,
    backends: Vec<Backend>,
    breaker: Option<&'a Breaker>,
}

impl<'a> Usable<'a> {
    /// What the arrivals in and around a view's phase tell.
    pub fn of(view: &View<'a>) -> Self {
        let phase = view.phase();
        let near = |attempt: &Attempt| {
            attempt.arrived + SEEN_WITHIN >= phase.from && attempt.arrived <= phase.to + SEEN_WITHIN
        };
        let breaker = view.brief.policy.breaker.as_ref();
        let fails = breaker.map_or_else(|| FailureClass::USUAL.to_vec(), failures);
        let mut backends: Vec<Backend> = view.brief.backends.iter().map(|_| Backend::default()).collect();
        for entry in entries(view.ledger) {
            for attempt in entry.attempts.iter().filter(|attempt| near(attempt)) {
                if let Some(backend) = backends.get_mut(usize::from(attempt.backend)) {
                    backend.seen.extend(outcome(&entry, attempt, &fails));
                }
            }
        }
        for Backend { seen, failures } in &mut backends {
            seen.sort_by_key(|outcome: &Outcome| outcome.at);
            *failures = seen.iter().filter(|one| one.failed).map(|one| one.known).collect();
            failures.sort_unstable();
        }
        Usable { view: *view, backends, breaker }
    }

    /// True if a further attempt could certainly have gone to some backend, other than `besides` where that is given.
    ///
    /// Where a breaker is declared, only a backend that succeeded several times since its last failure certainly is in use:
    /// one that has just failed may have been left alone because of it. Where each instance of a gateway counts for itself,
    /// or traffic comes back little by little, it must never have failed; and where one breaker is there for all, no other
    /// backend either.
    pub fn any(&self, at: Moment, besides: Option<u16>) -> bool {
        if self.may_be_out_for_all(at) {
            return false;
        }
        let others = self.backends.iter().enumerate();
        let mut others =
            others.filter(|(index, _)| besides.is_none_or(|backend| usize::from(backend) != *index));
        others.any(|(index, backend)| self.is_open(index, backend, at))
    }

    /// True if a backend was certainly in use: requests came to it shortly before and shortly after, and no failure can have
    /// made the gateway leave it alone. Where no breaker is declared, nobody knows what a failure does, so that it must
    /// never have failed.
    pub fn certainly(&self, index: u16, at: Moment) -> bool {
        if self.may_be_out_for_all(at) {
            return false;
        }
        self.backends.get(usize::from(index)).is_some_and(|backend| {
            backend.is_amid(at)
                && (self.breaker.is_some() || backend.never_failed(at))
                && !self.view.may_hide_at(index, at - SEEN_WITHIN, at)
                && self.is_open(usize::from(index), backend, at)
        })
    }

    /// True if one breaker is there for all, and a failure may have opened it.
    fn may_be_out_for_all(&self, at: Moment) -> bool {
        let pool = self.breaker.is_some_and(|breaker| !breaker.scope.is_backend());
        let hides = |index: usize| self.hidden_to(index, at).is_some();
        let mut all = self.backends.iter().enumerate();
        pool && !all.all(|(index, backend)| backend.never_failed(at) && !hides(index))
    }

    /// Up to when faults turned connections of a backend away that began before a moment: what they made fail is not on record.
    fn hidden_to(&self, index: usize, at: Moment) -> Option<Moment> {
        let here = self.view.brief.injections.iter().filter(|one| one.backends.contains(&(index as u16)));
        here.filter(|one| one.hides_attempts && one.during.from <= at).map(|one| one.during.to).max()
    }

    fn is_open(&self, index: usize, backend: &Backend, at: Moment) -> bool {
        let seen = &backend.seen;
        let next = seen.partition_point(|outcome| outcome.at <= at);
        let near = |outcome: &Outcome| outcome.at + SEEN_WITHIN >= at && outcome.at <= at + SEEN_WITHIN;
        let before = next.checked_sub(1).and_then(|last| seen.get(last));
        let used = before.is_some_and(near) || seen.get(next).is_some_and(near);
        // What health checks say is not known here: only a backend that goes on to get requests is in use by them.
        if self.view.brief.policy.health_check.is_some() && !backend.is_amid(at) {
            return false;
        }
        let Some(breaker) = self.breaker.filter(|_| used) else { return used };
        let partly = breaker.workers > 1 || matches!(breaker.way_back, Some(WayBack::Ramp(_)));
        // What it turned away is not on record, and counts as its failure.
        let from = if partly { Moment::EPOCH } else { at - SEEN_WITHIN };
        let hidden = self.view.may_hide_at(index as u16, from, at);
        if hidden || (partly && !backend.never_failed(at)) {
            return false;
        }
        let failed = backend.last_failure(at + BLUR).max(self.hidden_to(index, at));
        let since = seen[..next].iter().rev().take_while(|one| failed.is_none_or(|failed| one.at > failed));
        since.filter(|one| one.known <= at).take(SUCCESSES).count() == SUCCESSES
    }
}

impl Backend {
    /// When the last failure was known, up to a moment.
    fn last_failure(&self, at: Moment) -> Option<Moment> {
        self.failures[..self.failures.partition_point(|failed| *failed <= at)].last().copied()
    }

    /// True if requests came shortly before a moment and shortly after it.
    fn is_amid(&self, at: Moment) -> bool {
        let next = self.seen.partition_point(|outcome| outcome.at <= at);
        let before = next.checked_sub(1).and_then(|last| self.seen.get(last));
        let near = |outcome: &Outcome| outcome.at + SEEN_WITHIN >= at && outcome.at <= at + SEEN_WITHIN;
        before.is_some_and(near) && self.seen.get(next).is_some_and(near)
    }

    fn never_failed(&self, at: Moment) -> bool {
        self.last_failure(at).is_none()
    }
}

fn entries(ledger: &Ledger) -> impl Iterator<Item = Entry<'_>> {
    ledger.entries().filter(|entry| !entry.attempts.is_empty())
}

/// What the breaker counts as a failure.
fn failures(breaker: &Breaker) -> Vec<FailureClass> {
    if !breaker.fails.is_empty() {
        return breaker.fails.clone();
    }
    let asked = breaker.retry_after.then_some(FailureClass::One(RetryOn::Status(429)));
    FailureClass::USUAL.into_iter().chain(asked).collect()
}

fn outcome(entry: &Entry<'_>, attempt: &Attempt, fails: &[FailureClass]) -> Option<Outcome> {
    let told = told(entry, attempt, fails);
    let known = attempt.replied.unwrap_or(attempt.ended).max(attempt.arrived);
    (told != Told::Nothing).then_some(Outcome { at: attempt.arrived, known, failed: told.may_fail() })
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use policy::{Policy, Trip};
    use units::Timespan;

    use super::*;
    use crate::testing::{Call, Run, Try, at};

    fn run() -> Run {
        let run = Run::new().phase("outage", 10.0).backend("a").backend("b").class("reads", Method::Get);
        run.fault("outage", "status", &["b"])
            .calls(50, |n| Call::due("reads", 20.0 * n as f64).attempt(Try::ok("a")))
            .calls(50, |n| Call::due("reads", 5.0 + 20.0 * n as f64).attempt(Try::hit("b", "status")))
    }

    fn breaking() -> Policy {
        let trip = Trip { consecutive: Some(5), count: None, share: None, within: None, min: None };
        Policy { breaker: Some(Breaker::new(trip, Timespan::from_secs(1))), ..Policy::default() }
    }

    fn any(run: &Run, ms: f64, besides: u16) -> bool {
        run.view("outage", "", |view| Usable::of(view).any(at(ms), Some(besides)))
    }

    #[test]
    fn without_a_breaker_a_backend_that_gets_traffic_is_in_use_whatever_it_answers() {
        assert!(any(&run(), 500.0, 0) && any(&run(), 500.0, 1));
    }

    #[test]
    fn a_backend_that_gets_nothing_may_be_left_alone() {
        assert!(!any(&run(), 5_000.0, 0));
        assert!(any(&run(), 1_400.0, 0), "half a second after its last request nothing is known");
    }

    #[test]
    fn with_a_breaker_only_a_backend_that_succeeds_is_certainly_in_use() {
        let run = run().policy(breaking());
        assert!(any(&run, 500.0, 1), "`a` answers");
        assert!(!any(&run, 500.0, 0), "`b` fails, and may be left alone");
    }
}
