//! What is claimed of a failover: that traffic has moved, what it cost, where it went, and that it came back.

use measure::aftermath::Aftermath;
use measure::brief::Brief;
use measure::failover::{Early, Move, Outage};
use measure::outcomes::Outcomes;
use measure::view::View;
use units::plural::count;
use units::{Stretch, Timespan};

use super::Failover;
use crate::against::{Bad, at_most_bad};
use crate::claim::{Basis, CASES_MIN, Claim};
use crate::estimates;

impl Failover {
    /// The traffic leaves the backends that fail.
    pub(super) fn moved(&self, view: &View<'_>, outage: &Outage) -> Claim {
        if let Err((why, remedy)) = self.can_move(view.brief, outage) {
            return Claim::blind(why, remedy).seen("", self.demanded());
        }
        let found = Move::of(view, outage.during, *self.within, |backend| outage.out.contains(&backend));
        let out = names(view.brief, &outage.out);
        let (within, phase) = (self.within, view.phase_name());
        let took = words(&found, self.left.get());
        self.at_most_left(view, &found, "time until traffic has moved")
            .says(
                format!("traffic left {out} in `{phase}` within {within}: {took}"),
                format!("traffic did not leave {out} in `{phase}` within {within}: {took}"),
            )
            .seen(format!("traffic moved {took}"), self.demanded())
            .shown(shown(&found, "after the fault's begin, and went first to a backend that fails"))
    }

    /// What it cost until then.
    pub(super) fn errors(&self, view: &View<'_>, outage: &Outage) -> Option<Claim> {
        let (most, within) = (self.errors_max?, self.within);
        let outcomes = Outcomes::due_in(view, self.meanwhile(outage), None);
        let (failed, all) = (outcomes.failed, outcomes.count());
        // What was set aside may have failed, too.
        let high = failed + outcomes.set_aside.total();
        let seen =
            format!("{failed} of {} failed within {within} of the fault's begin", count(all, "request"));
        let failures =
            outcomes.failures.iter().map(|tag| (*tag, "failed before the traffic had moved".to_owned()));
        let basis = Basis::Within {
            low: failed as f64,
            high: high as f64,
            least: None,
            most: Some(most as f64),
            count: all,
            needed: view.place.samples_min.unwrap_or(0).max(CASES_MIN),
        };
        Some(
            Claim::on(basis)
                .says(
                    format!("the failover cost {}", count(failed, "failed request")),
                    format!(
                        "the failover cost {}, at most {most} are allowed",
                        count(failed, "failed request")
                    ),
                )
                .because(seen.clone())
                .seen(seen, "")
                .estimate(estimates::counted("requests that failed meanwhile", failed as f64, "requests"))
                .shown(failures.collect())
                .aside(outcomes.set_aside)
                .remedy(format!("send more requests within {within} of the fault's begin")),
        )
    }

    /// The time in which the traffic may still be on its way.
    pub(super) fn meanwhile(&self, outage: &Outage) -> Stretch {
        Stretch { from: outage.during.from, to: outage.judged(*self.within).from }
    }

    /// The traffic leaves the later groups again.
    pub(super) fn back(&self, view: &View<'_>, outage: &Outage, within: Timespan) -> Claim {
        let (later, after) = match time_back(view.brief, view.place.phase, within) {
            Ok(found) => found,
            Err((why, remedy)) => return Claim::blind(why, remedy),
        };
        let next = view.at_phase(view.place.phase + 1);
        let to = after.healthy.to.min(next.stretch.to).max(after.healthy.from);
        let healthy = Stretch { from: after.healthy.from, to };
        let found = Move::of(&next, healthy, *within, |backend| later.contains(&backend));
        let (out, phase, took) =
            (names(view.brief, &outage.out), next.phase_name(), words(&found, self.left.get()));
        self.at_most_left(&next, &found, "time until traffic is back")
            .says(
                format!("traffic came back to {out} in `{phase}` within {within}: {took}"),
                format!("traffic did not come back to {out} in `{phase}` within {within}: {took}"),
            )
            .seen(format!("on the way back, {took}"), "")
            .shown(shown(&found, "after the fault's end, and still went first to a later group"))
    }

    fn at_most_left(&self, view: &View<'_>, found: &Move, what: &str) -> Claim {
        let (stray, all) = (found.stray().count() as u64, found.late().len() as u64);
        let claim = at_most_bad(Bad { bad: stray, count: all }, self.left.get(), view.place.samples_min);
        let claim = match found.took(self.left.get()) {
            Some(took) => claim.estimate(estimates::millis(what, took, Some(took), Some(took))),
            None => claim,
        };
        claim
            .because(format!("{stray} of {} went astray later than that", count(all, "first attempt")))
            .estimate(estimates::share("first attempts that went astray", stray, all))
            .aside(found.set_aside.clone())
    }
}

/// No later group is used while one before it is in use. None where the fault leaves no such case.
pub(super) fn early(view: &View<'_>, outage: &Outage) -> Option<Claim> {
    let spared = outage.spared(view.brief);
    if spared.is_empty() {
        return None;
    }
    let found = Early::of(view, &spared);
    let name = |backend: u16| view.brief.backend_name(backend);
    let shows = |(tag, later, earlier): &(_, u16, u16)| {
        (*tag, format!("went to `{}` while `{}` was in use", name(*later), name(*earlier)))
    };
    let (early, all) = (found.early.len() as u64, found.exposures);
    let seen = format!("{early} of {} went to a later group", count(all, "first attempt"));
    let of_whom = found.early.first().map_or_else(String::new, |case| format!(": one {}", shows(case).1));
    Some(
        Claim::never(early, all, view.place.samples_min)
            .says(
                "no later priority group was used while an earlier one was in use",
                format!(
                    "{early} of {} went to a later priority group too early{of_whom}",
                    count(all, "first attempt")
                ),
            )
            .because(format!("{seen} while a backend of an earlier one was certainly in use"))
            .seen(seen, "")
            .shown(found.early.iter().take(5).map(shows).collect())
            .aside(found.set_aside)
            .remedy("send more requests while a backend of an earlier group works"),
    )
}

/// The backends of the later groups, and the time after the outage; why there is nothing to come back from, and what to
/// change.
pub(super) fn time_back(
    brief: &Brief,
    phase: usize,
    within: Timespan,
) -> Result<(Vec<u16>, Aftermath<'_>), (String, String)> {
    let first = brief.backends.iter().map(|backend| backend.priority).min().unwrap_or(0);
    let all = 0..brief.backends.len() as u16;
    let later: Vec<u16> = all.filter(|one| brief.backends[usize::from(*one)].priority > first).collect();
    if later.is_empty() {
        let why =
            "all backends have the same priority, so that no traffic has a group to come back to".into();
        return Err((why, "leave `back_within` out and expect `recovery` of the next phase".into()));
    }
    let after = brief.phases.get(phase + 1).and_then(|_| Aftermath::of(brief, phase + 1));
    match after.filter(|after| after.healthy.length() > *within) {
        Some(after) => Ok((later, after)),
        None => Err((
            format!(
                "no time without faults that is longer than {within} follows `{}`",
                brief.phases[phase].name
            ),
            format!("add a phase without faults after it that is longer than {within}"),
        )),
    }
}

fn words(found: &Move, left: f64) -> String {
    match found.took(left) {
        _ if found.late().is_empty() => "nothing was seen after that time".into(),
        Some(took) if took.is_zero() => "at once".into(),
        Some(took) => format!("after {}", Timespan(took)),
        None => format!("{} of {} went astray, up to the end", found.stray().count(), found.late().len()),
    }
}

fn shown(found: &Move, what: &str) -> Vec<(evidence::Tag, String)> {
    let shows = |first: &measure::failover::First| {
        (first.tag, format!("was due {} {what}", Timespan(found.since(first))))
    };
    found.stray().take(5).map(shows).collect()
}

fn names(brief: &Brief, backends: &[u16]) -> String {
    let names: Vec<String> =
        backends.iter().map(|backend| format!("`{}`", brief.backend_name(*backend))).collect();
    names.join(" and ")
}
