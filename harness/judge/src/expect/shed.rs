//! `shed`: what the gateway answers by itself, without asking a backend.

use std::collections::BTreeMap;

use evidence::Tag;
use measure::shed::{Shed as Case, Sheds};
use measure::view::View;
use reports::Estimate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;
use units::plural::count;
use units::stats::{cases_to_exclude, quantile};

use super::Expectation;
use crate::claim::{CASES_MIN, Claim, Proof};
use crate::decide::BETA;
use crate::estimates::share;
use crate::forecast::{Forecast, Outlook};
use crate::late::hardly_any;

/// A pass excludes that one answer in ten is late.
const LATE_REFUTED: f64 = 0.1;

/// Requests that reach no backend are answered as they should be, and at once.
///
/// # What it checks
/// Every request that was answered, or ended, without any arrival at a backend: because a breaker is open, nobody is
/// healthy, or a limit is reached.
///
/// - `of`: the statuses that it may be answered with.
/// - `within`: the time from its sending to the end of the answer; one in a hundred may be later.
///
/// The finding says how many of the phase's requests were shed, with which statuses, and how many of them while no backend
/// was certainly in use.
///
/// # Why it matters
/// A breaker that is open helps only if it fails fast: a client that waits 2 s to be told of it keeps its own threads
/// and connections meanwhile. A shed request that is answered `200` is believed, and one that is answered `500` is not
/// tried again.
///
/// # When it can't tell
/// Inconclusive with fewer than 10 shed requests (29 for `within`). Set aside are requests that a refused connection may
/// have hidden an attempt of, those whose client left first, those at the edge of a phase, and answers that were late by no
/// more than brownout's own machine stalled.
///
/// # Example
/// ```toml
/// [[expect]]
/// in   = "brownout"
/// shed = { of = [503], within = "50ms" }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shed {
    /// The statuses that a shed request may be answered with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<u16>,
    /// How long it may take at the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Timespan>,
}

impl Expectation for Shed {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let sheds = Sheds::of(view);
        let statuses = (!self.of.is_empty()).then(|| self.statuses(view, &sheds));
        let times = self.within.map(|within| in_time(view, &sheds, within));
        statuses.into_iter().chain(times).collect()
    }

    fn rests_on_faults(&self) -> bool {
        false
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let deadline = outlook.deadline();
        let needed = if self.within.is_some() { cases_to_exclude(LATE_REFUTED, BETA) } else { CASES_MIN };
        let policy = &outlook.brief.policy;
        let left_alone = outlook.shed().filter(|_| policy.breaker.is_some());
        let beyond = policy.limit.as_ref().and_then(|limit| outlook.beyond(limit));
        let shed = left_alone.into_iter().chain(beyond).reduce(|one, other| one + other);
        let what = "requests that find every backend left alone, or every turn taken";
        let shed = shed.map(|shed| Forecast::exposures(what, shed, needed));
        let never = self.within.filter(|within| !deadline.is_zero() && *within >= deadline);
        never
            .map(|within| {
                Forecast::CannotFail(format!(
                    "`within = \"{within}\"` is no shorter than the clients wait ({deadline}): nothing is answered later"
                ))
            })
            .into_iter()
            .chain(shed)
            .chain(outlook.uncounted())
            .collect()
    }

    fn problem(&self) -> Option<String> {
        if self.of.is_empty() && self.within.is_none() {
            return Some("it has no bound: set one of `of`, `within`".into());
        }
        let status = self.of.iter().find(|status| !(100..600).contains(*status))?;
        Some(format!("`of = [{status}]` is not a status: expected 100 to 599"))
    }
}

impl Shed {
    fn statuses(&self, view: &View<'_>, sheds: &Sheds) -> Claim {
        let allowed: Vec<String> = self.of.iter().map(u16::to_string).collect();
        let allowed = allowed.join(" or ");
        let wrong: Vec<&Case> = sheds.shed.iter().filter(|case| !self.of.contains(&case.status)).collect();
        let (shed, others) = (sheds.shed.len() as u64, wrong.len() as u64);
        let seen = by_status(&sheds.shed);
        Claim::never(others, shed, view.place.samples_min)
            .says(
                format!("requests that reached no backend were answered {allowed}"),
                format!(
                    "{others} of {} that reached no backend got something else than {allowed}: {}",
                    count(shed, "request"),
                    by_status(wrong.iter().copied())
                ),
            )
            .because(causes(sheds))
            .seen(
                format!("{shed} of {} reached no backend: {seen}", count(sheds.requests, "request")),
                format!("what reaches no backend is answered {allowed}"),
            )
            .estimate(share(format!("shed requests that got something else than {allowed}"), others, shed))
            .shown(shown(wrong.into_iter()))
            .aside(sheds.set_aside.clone())
            .remedy(remedy(view, shed, CASES_MIN))
            .proof(Proof::Own(None))
    }
}

fn in_time(view: &View<'_>, sheds: &Sheds, within: Timespan) -> Claim {
    let times = sheds.in_time(view, *within);
    let (late, all) = (times.late.len() as u64, times.kept + times.late.len() as u64);
    let mut took: Vec<_> = sheds.shed.iter().map(|case| case.took).collect();
    let median = quantile(&mut took, 0.5).map(Timespan);
    let longest = took.iter().max().copied().map(Timespan);
    let seen = match median.zip(longest) {
        Some((median, longest)) => format!("median {median}, at most {longest} of {all}"),
        None => "nothing was shed".into(),
    };
    let mut aside = sheds.set_aside.clone();
    aside.add(&times.set_aside);
    let needed = cases_to_exclude(LATE_REFUTED, BETA);
    Claim::on(hardly_any(view, 0, late, all, LATE_REFUTED))
        .says(
            format!("requests that reached no backend were answered within {within}"),
            format!("{late} of {} that reached no backend took longer than {within}", count(all, "request")),
        )
        .because(seen.clone())
        .seen(seen, format!("what reaches no backend is answered within {within}"))
        .estimate(share(format!("shed requests that took longer than {within}"), late, all))
        .estimate(Estimate {
            what: "time until a shed request is answered, median".into(),
            value: median.map(|median| median.as_secs_f64() * 1e3),
            low: took.iter().min().map_or(0.0, |least| least.as_secs_f64() * 1e3),
            high: longest.map_or(f64::INFINITY, |longest| longest.as_secs_f64() * 1e3),
            unit: "ms".into(),
            confidence: 1.0,
        })
        .shown(shown(times.late.iter()))
        .aside(aside)
        .remedy(remedy(view, all, needed))
        .proof(Proof::Own(None))
}

/// How many requests ended how: `1188 503, 2 nothing`.
fn by_status<'c>(cases: impl IntoIterator<Item = &'c Case>) -> String {
    let mut counts: BTreeMap<u16, u64> = BTreeMap::new();
    cases.into_iter().for_each(|case| *counts.entry(case.status).or_default() += 1);
    let words = counts.into_iter().map(|(status, count)| match status {
        0 => format!("no status × {count}"),
        status => format!("{status} × {count}"),
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "nothing".into() } else { words.join(", ") }
}

fn causes(sheds: &Sheds) -> String {
    let causes = sheds.causes.iter().map(|(cause, count)| format!("{count} {}", cause.words()));
    let causes: Vec<String> = causes.collect();
    if causes.is_empty() { "no request was shed".into() } else { causes.join(", ") }
}

fn shown<'c>(cases: impl Iterator<Item = &'c Case>) -> Vec<(Tag, String)> {
    let words = |case: &Case| match case.status {
        0 => format!("ended without a status after {}", Timespan(case.took)),
        status => format!("answered {status} after {}, without an attempt", Timespan(case.took)),
    };
    cases.take(5).map(|case| (case.tag, words(case))).collect()
}

fn remedy(view: &View<'_>, shed: u64, needed: u64) -> String {
    let needed = view.place.samples_min.unwrap_or(0).max(needed);
    format!(
        "make the gateway shed {} more requests: a fault on all backends for longer than its breaker takes to open",
        needed.saturating_sub(shed).max(1)
    )
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use reports::Verdict;

    use crate::testing::{Call, Judging, Run, Try};

    /// 20 requests fail, then 200 are shed.
    fn shedding(status: u16, ms: f64) -> Run {
        let run = Run::new().phase("outage", 10.0).backend("a").backend("b").class("reads", Method::Get);
        run.fault("outage", "status", &["a", "b"])
            .calls(20, |n| Call::due("reads", 10.0 * n as f64).attempt(Try::hit("a", "status")))
            .calls(200, move |n| Call::due("reads", 300.0 + 10.0 * n as f64).rejected(status, ms))
    }

    const DEMAND: &str = "shed = { of = [503], within = \"50ms\" }";

    #[test]
    fn what_is_shed_at_once_with_the_right_status_passes() {
        let finding = shedding(503, 0.5).finding("outage", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
        insta::assert_snapshot!(format!("{}\n{}\n{}", finding.summary, finding.observed, finding.because));
    }

    #[test]
    fn what_is_shed_with_another_status_or_late_is_caught() {
        for (status, ms) in [(500, 0.5), (200, 0.5), (503, 2_000.0), (503, 60.0), (500, 2_000.0)] {
            let finding = shedding(status, ms).finding("outage", "reads", DEMAND);
            assert_eq!(finding.verdict, Verdict::Fail, "{status} after {ms} ms: {}", finding.observed);
            assert!(!finding.witnesses.is_empty());
        }
    }

    #[test]
    fn a_stall_explains_an_answer_that_was_late_by_no_more_and_no_other() {
        let stalled = shedding(503, 0.5).hiccup(5_000.0, 60.0);
        let late = |ms: f64| Call::due("reads", 5_010.0).rejected(503, ms);
        let finding = stalled.clone().call(late(90.0)).finding("outage", "reads", DEMAND);
        assert_eq!((finding.verdict, finding.set_aside[0].count), (Verdict::Pass, 1), "{}", finding.because);
        let finding = shedding(503, 80.0).hiccup(5_000.0, 60.0).finding("outage", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Fail, "a stall explains what it touches");
    }

    #[test]
    fn nothing_shed_or_too_little_proves_nothing() {
        let run = Run::new().phase("outage", 10.0).backend("a").class("reads", Method::Get);
        let run = run.fault("outage", "status", &["a"]);
        let run = run.calls(200, |n| Call::due("reads", n as f64).attempt(Try::hit("a", "status")));
        assert_eq!(run.finding("outage", "reads", DEMAND).verdict, Verdict::Inconclusive);
        let few = run.calls(9, |n| Call::due("reads", 500.0 + n as f64).rejected(503, 0.5));
        let finding = few.finding("outage", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert!(finding.remedy.is_some_and(|remedy| remedy.contains("shed 1 more requests")));
    }

    #[test]
    fn a_request_whose_attempt_may_have_been_refused_was_not_shed() {
        let run = Run::new().phase("outage", 10.0).backend("a").class("reads", Method::Get);
        let run = run.fault("outage", "refuse", &["a"]).firing("refuse", "a", 0.0, 10_000.0);
        let run = run.calls(200, |n| Call::due("reads", n as f64).rejected(502, 0.5));
        let finding = run.finding("outage", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert_eq!(finding.set_aside[0].count, 200);
    }
}
