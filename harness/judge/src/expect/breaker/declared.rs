//! The declared machine: what the demand says, and what it leaves to the policy.

use std::time::Duration;

use measure::automata::member::{Member, Rule, Ways};
use measure::view::View;
use policy::{FailureClass, RetryOn, WayBack};

use super::Breaker;

impl Breaker {
    /// How far the open time may be off.
    pub(super) fn tolerance(&self) -> Duration {
        crate::tolerance::of(self.tolerance, *self.open_for)
    }

    /// What counts as a failure.
    pub(super) fn fails(&self, view: &View<'_>) -> Vec<FailureClass> {
        let declared = view.brief.policy.breaker.as_ref();
        if !self.fails.is_empty() {
            return self.fails.clone();
        }
        if let Some(breaker) = declared.filter(|breaker| !breaker.fails.is_empty()) {
            return breaker.fails.clone();
        }
        let mut fails = FailureClass::USUAL.to_vec();
        if declared.is_some_and(|breaker| breaker.retry_after) {
            fails.push(FailureClass::One(RetryOn::Status(429)));
        }
        fails
    }

    /// The declared machine. What the demand leaves open and `policy.breaker` says is taken from there.
    pub(super) fn member(&self, view: &View<'_>) -> Member {
        let declared = view.brief.policy.breaker.as_ref();
        let way_back = self.way_back.or_else(|| declared.and_then(|breaker| breaker.way_back));
        let ways = match (way_back, self.probes_max) {
            (Some(WayBack::All), _) => Ways::all(),
            (Some(WayBack::Check), _) => Ways { check: true, ..Ways::all() },
            (Some(WayBack::Ramp(length)), _) => Ways { ramp: *length, ..Ways::all() },
            (_, Some(probes)) => Ways::probes(probes),
            (Some(WayBack::Probe), None) => {
                let probes = declared.and_then(|breaker| breaker.probes).map_or(u32::MAX, u32::from);
                Ways::probes(probes)
            }
            (None, None) => match declared.and_then(|breaker| breaker.probes) {
                Some(probes) => Ways::probes(u32::from(probes)),
                None => Ways::any(),
            },
        };
        let (open_for, tolerance) = (*self.open_for, self.tolerance());
        let tick = declared.and_then(|breaker| breaker.tick).map_or(Duration::ZERO, |tick| *tick);
        let longest = |breaker: &policy::Breaker| {
            breaker.open_grows.then(|| breaker.open_max.map_or(Duration::MAX, |longest| *longest))
        };
        let few_may_be_out = |breaker: &policy::Breaker| {
            breaker.out_max.is_some() || breaker.all_out == Some(policy::AllOut::Panic)
        };
        // A backend that nothing is wrong with is never out, so that not all are; but one breaker for all takes it along.
        let one_for_all = declared.is_some_and(|breaker| !breaker.scope.is_backend());
        let all_may_be_out = one_for_all
            || (0..view.brief.backends.len() as u16)
                .all(|backend| view.brief.injections.iter().any(|one| one.backends.contains(&backend)));
        let panics = declared.is_some_and(|breaker| breaker.all_out == Some(policy::AllOut::Panic));
        Member {
            rule: Rule::of(&self.trips_after.trip()),
            slack: self.slack,
            looks: tick,
            open: (
                open_for.saturating_sub(tolerance),
                open_for.saturating_add(tolerance).saturating_add(tick),
            ),
            growth: declared.and_then(longest),
            asked_instead: self.retry_after.then_some(open_for),
            ways,
            leaked_max: self.leaked_max,
            may_stay: declared.is_some_and(few_may_be_out),
            panics: panics && all_may_be_out,
        }
    }
}
