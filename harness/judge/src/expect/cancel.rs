//! `cancel`: once a client has left, its backend is let go, and nothing more is begun for it.

use measure::cancel::{Cancels, ForNobody, LetGo, TRANSIT};
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;
use units::plural::count;
use units::stats::{cases_to_exclude, quantile};

use super::Expectation;
use crate::claim::{CASES_MIN, Claim, Proof};
use crate::decide::BETA;
use crate::estimates::{millis, share};
use crate::forecast::{Forecast, Outlook};
use crate::late::hardly_any;

/// A pass excludes that one in ten is late.
const LATE_REFUTED: f64 = 0.1;

/// Once a client has left, its backend is let go, and no further attempt is made for it.
///
/// # What it checks
/// Every request whose client left before the gateway was done: on purpose (`abort`), or at its `deadline`.
///
/// - The attempt that was under way ends, by the gateway's doing, at most `within` after the client left; one in a hundred
///   may be later.
/// - No attempt arrives later than 20 ms after the client left: sooner, it may have been on its way. One is enough to fail.
///   This is looked at where `[policy.retry]` says when a request is tried again, or where such an attempt was seen.
///
/// # Why it matters
/// Users reload a page that hangs. A gateway that does not notice goes on asking for those who have gone, and tries again
/// for them: a backend that is slow gets the more work the slower it is, for nobody.
///
/// # When it can't tell
/// Only an attempt that would have lasted longer than `within` shows that it was let go: a hang, or a delay or slow body
/// that long, with no declared timer that ends it first. Inconclusive with fewer than 29 of them. For further attempts it
/// takes 10 requests that would have been tried again had their client stayed: their attempt failed or was going to, the
/// policy had another one left, and no breaker may have kept it back. Set aside are requests at the edge of a phase; those
/// of which a refused connection may hide an attempt; and lengths that exceed a bound by no more than brownout's own machine
/// stalled.
///
/// # Example
/// ```toml
/// [[expect]]
/// in      = "slow"
/// traffic = "impatient"
/// cancel  = { within = "100ms" }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// How long after the client left the backend may still be at work for it.
    pub within: Timespan,
}

impl Expectation for Cancel {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let cancels = Cancels::of(view);
        let retries = view.brief.policy.retry.as_ref().is_some_and(|retry| retry.attempts > 1);
        let further = (retries || !cancels.for_nobody.is_empty()).then(|| further(view, &cancels));
        std::iter::once(self.let_go(view, &cancels)).chain(further).collect()
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let what =
            format!("requests whose client leaves at least {} before their attempt is over", self.within);
        let needed = outlook.place.samples_min.unwrap_or(0).max(cases_to_exclude(LATE_REFUTED, BETA));
        let cases = outlook.left_behind(self.within);
        cases.map(|cases| Forecast::exposures(what, cases, needed)).into_iter().collect()
    }

    fn rests_on_faults(&self) -> bool {
        false
    }

    fn problem(&self) -> Option<String> {
        self.within.is_zero().then(|| "`within = \"0s\"` can't be kept: nothing is let go in no time".into())
    }
}

impl Cancel {
    fn let_go(&self, view: &View<'_>, cancels: &Cancels) -> Claim {
        let within = self.within;
        let late: Vec<&LetGo> = cancels.let_go.iter().filter(|one| one.is_late(*within)).collect();
        let kept = cancels.let_go.iter().filter(|one| one.is_in_time(*within));
        let mut took: Vec<_> = kept.chain(late.iter().copied()).map(|one| one.after).collect();
        let (all, bad) = (took.len() as u64, late.len() as u64);
        let (median, least) = (quantile(&mut took, 0.5), took.iter().min().copied());
        let most = took.iter().max().copied();
        let seen = match median.zip(most) {
            Some((median, most)) => format!(
                "{} let go {} after the client left (median), {} at the most",
                count(all, "attempt"),
                Timespan(median),
                Timespan(most)
            ),
            None => format!(
                "no attempt that {} left alone would have lasted so long",
                count(cancels.left, "client")
            ),
        };
        let needed = view.place.samples_min.unwrap_or(0).max(cases_to_exclude(LATE_REFUTED, BETA));
        let claim = Claim::on(hardly_any(view, 0, bad, all, LATE_REFUTED))
            .says(
                format!("backends were let go within {within} of their client's leaving"),
                format!(
                    "{bad} of {} went on for more than {within} after their client had left",
                    count(all, "attempt")
                ),
            )
            .because(seen.clone())
            .seen(seen, format!("backends are let go within {within} of the client's leaving"))
            .estimate(share(format!("attempts that lasted more than {within} after their client left"), bad, all))
            .shown(late.iter().map(|one| (one.tag, went_on(view, one))).take(5).collect())
            .aside(cancels.set_aside.clone())
            .remedy(format!(
                "let {} more clients leave (`abort`, or a short `deadline`) while their backend holds them for longer than {within}: \
                 a `hang`",
                needed.saturating_sub(all).max(1)
            ))
            .proof(Proof::Own(None));
        match median {
            Some(median) => claim.estimate(millis(
                "from the client's leaving to the end of its attempt, median",
                median,
                least,
                most,
            )),
            None => claim,
        }
    }
}

fn further(view: &View<'_>, cancels: &Cancels) -> Claim {
    let (begun, cases) = (cancels.for_nobody.len() as u64, cancels.further);
    let asked = view.place.samples_min;
    let needed = asked.unwrap_or(0).max(CASES_MIN);
    Claim::never(begun, cases + begun, asked)
        .says(
            "nothing was begun for clients that had left",
            format!("{} begun after the client had left", count(begun, "attempt")),
        )
        .because(format!(
            "of {} that had left, {cases} would have been tried for again had they stayed",
            count(cancels.left, "client")
        ))
        .seen(
            format!("{} begun for clients that had left", count(begun, "attempt")),
            format!("no attempt arrives more than {} after its client left", Timespan(TRANSIT)),
        )
        .shown(cancels.for_nobody.iter().map(|one| (one.tag, begun_late(view, one))).take(5).collect())
        .aside(cancels.set_aside_further.clone())
        .remedy(format!(
            "let {} more clients leave while their attempt is going to fail in a way that `retry.on` names, with attempts left",
            needed.saturating_sub(cases).max(1)
        ))
        .proof(Proof::Own(None))
}

fn went_on(view: &View<'_>, one: &LetGo) -> String {
    let (backend, after) = (view.brief.backend_name(one.backend), Timespan(one.after));
    let how = if one.by_gateway { "the gateway ended it" } else { "nobody ended it" };
    format!("went on at `{backend}` for {after} after the client had left; {how}")
}

fn begun_late(view: &View<'_>, one: &ForNobody) -> String {
    format!(
        "arrived at `{}` {} after the client had left",
        view.brief.backend_name(one.backend),
        Timespan(one.after)
    )
}

#[cfg(test)]
mod tests {
    use evidence::{Method, Outcome};
    use insta::assert_snapshot;
    use policy::{Policy, Retry, RetryOn};
    use reports::Verdict;
    use rstest::rstest;
    use units::Timespan;

    use crate::forecast::Forecast;
    use crate::testing::{Call, Judging, Run, Try, foreseen};

    const DEMAND: &str = "cancel = { within = \"50ms\" }";

    fn declared() -> Policy {
        let mut policy = Policy::default();
        policy.timeout.per_try = Some(Timespan::from_millis(400));
        policy.retry = Some(Retry::new(2, vec![RetryOn::Timeout]));
        policy
    }

    fn run() -> Run {
        let run = Run::new().phase("hung", 10.0).backend("a").backend("b").class("reads", Method::Get);
        run.fault("hung", "hang", &["a", "b"]).fault("hung", "latency", &["a"]).policy(declared())
    }

    /// A client that leaves after 200 ms, and an attempt that ends so long after that.
    fn left(n: usize, later: f64) -> Call {
        let attempt = Try::hit("a", "hang").takes(199.8 + later);
        Call::due("reads", 20.0 * n as f64).attempt(attempt).ends(Outcome::ClientAbort, 200.0)
    }

    #[test]
    fn a_gateway_that_follows_its_clients_passes() {
        let finding = run().calls(100, |n| left(n, 1.0)).finding("hung", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
        assert_snapshot!(format!("{}\n{}\n{}", finding.summary, finding.observed, finding.because));
    }

    #[test]
    fn one_that_goes_on_until_its_timer_is_caught() {
        let finding = run().calls(100, |n| left(n, 200.0)).finding("hung", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_snapshot!(finding.summary, @"100 of 100 attempts went on for more than 50 ms after their client had left");
        assert_snapshot!(finding.witnesses[0].shows, @"went on at `a` for 200 ms after the client had left; the gateway ended it");
    }

    #[test]
    fn one_attempt_for_nobody_is_enough() {
        let again = left(200, 1.0).attempt(Try::hit("b", "hang").after(199.0));
        let finding = run().calls(100, |n| left(n, 1.0)).call(again).finding("hung", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_snapshot!(finding.summary, @"1 attempt begun after the client had left");
        assert_snapshot!(finding.witnesses[0].shows, @"arrived at `b` 200 ms after the client had left");
    }

    #[test]
    fn an_attempt_for_nobody_is_caught_without_a_declared_retry_too() {
        let run = run().policy(Policy::default()).calls(100, |n| left(n, 1.0));
        assert_eq!(run.finding("hung", "reads", DEMAND).verdict, Verdict::Pass);
        let again = left(200, 1.0).attempt(Try::hit("b", "hang").after(199.0));
        assert_eq!(run.call(again).finding("hung", "reads", DEMAND).verdict, Verdict::Fail);
    }

    #[rstest]
    #[case::too_few(run().calls(28, |n| left(n, 1.0)))]
    #[case::nobody_left(run().calls(100, |n| Call::due("reads", n as f64).attempt(Try::hit("a", "hang"))))]
    #[case::answered_anyway(run().calls(100, |n| {
        let attempt = Try::hit("a", "latency").takes(220.0);
        Call::due("reads", 20.0 * n as f64).attempt(attempt).ends(Outcome::ClientAbort, 200.0)
    }))]
    #[case::shed(run().calls(100, |n| Call::due("reads", n as f64).ends(Outcome::ClientAbort, 200.0)))]
    #[case::all_in_one_stall(run().calls(100, |n| left(n, 60.0)).hiccup(1.0, 9_000.0))]
    fn what_does_not_show_it_proves_nothing(#[case] run: Run) {
        let finding = run.finding("hung", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.summary);
        assert!(finding.remedy.is_some());
    }

    #[test]
    fn a_stall_explains_what_it_touches_and_nothing_else() {
        let run = run().calls(100, |n| left(n, 1.0)).hiccup(4_200.0, 80.0);
        let stalled =
            run.clone().call(left(200, 100.0).row(|exchange| exchange.outcome = Outcome::ClientTimeout));
        assert_eq!(stalled.finding("hung", "reads", DEMAND).verdict, Verdict::Pass);
        let slow = run.calls(20, |n| left(220 + n, 100.0)).finding("hung", "reads", DEMAND);
        assert_eq!(slow.verdict, Verdict::Fail, "{}", slow.because);
    }

    #[test]
    fn what_belongs_to_the_phase_before_is_set_aside() {
        let run = Run::new().phase("hung", 1.0).phase("after", 9.0).backend("a").class("reads", Method::Get);
        let run = run.fault("hung", "hang", &["a"]);
        let at_edge = |n: usize| {
            let attempt = Try::ok("a").row(|attempt| {
                (attempt.injections, attempt.end) = (1, evidence::End::AbandonedFin);
            });
            Call::due("reads", 1_000.0 + n as f64)
                .attempt(attempt.takes(500.0))
                .ends(Outcome::ClientAbort, 200.0)
        };
        let finding = run.calls(100, at_edge).finding("after", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert_eq!(finding.set_aside[0].count, 100);
    }

    #[test]
    fn the_cases_are_foreseen_from_who_leaves_and_what_holds_them() {
        let hung = Run::new().phase("hung", 10.0).backend("a").class("reads", Method::Get);
        let cases = |run: Run| {
            let run = run.calls(100, |n| left(n, 1.0));
            match foreseen(&run, "hung", "reads", DEMAND).first() {
                Some(Forecast::Exposures { expected, needed, .. }) => {
                    (expected.round() as u64, needed.round() as u64)
                }
                other => panic!("{other:?}"),
            }
        };
        let hung = hung.fault("hung", "hang", &["a"]);
        assert_eq!(cases(hung.clone().leaving("reads", 200)), (100, 29));
        let timed = hung.clone().policy({
            let mut policy = declared();
            policy.retry = None;
            policy
        });
        assert_eq!(cases(timed.clone().leaving("reads", 200)).0, 100);
        assert_eq!(cases(timed.leaving("reads", 450)).0, 0, "the timer is there first");
    }
}
