//! `orphans`: little of the backends' work is for nobody.

use measure::cancel::TRANSIT;
use measure::orphans::{Orphan, Orphans as Measured, Part};
use measure::view::View;
use reports::Estimate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::plural::count;
use units::{Share, Timespan};

use super::Expectation;
use crate::claim::{Basis, CASES_MIN, Claim, Proof};
use crate::forecast::{Forecast, Outlook};

/// Of what backends do, no more than a share is for nobody.
///
/// # What it checks
/// The attempts of the phase's requests, and what of them came after the request was over for its client: it had left
/// (`abort`, `deadline`), or it had its answer, from a timer of the gateway or from another attempt. Each bound is a share of
/// all that the backends did:
///
/// - `attempts_max`: attempts that began later.
/// - `bytes_max`: bytes of answers that were begun later.
/// - `time_max`: time that attempts went on, counted at the backend.
///
/// What comes within 20 ms is not held against the gateway: it may have been on its way.
///
/// # Why it matters
/// Work for nobody costs as much as any other, and there is most of it when backends are slowest: clients time out, and
/// what they asked for goes on. A backend that is busy with the past never catches up.
///
/// # When it can't tell
/// A request shows `time_max` if it was over for its client, by the client's leaving, by an answer that the gateway made
/// itself or by one that it cut off, while its backend would have worked on for more than 40 ms: a hang, a delay, a slow
/// body. For `bytes_max` its answer was still to be begun, so that a hang does not show it; for `attempts_max` it would have
/// been tried again by the declared policy had the client stayed. Inconclusive with fewer than 10 of them, and where the
/// bound lies between what is certain and what stalls of brownout's machine and transit leave open. Requests at the edge of
/// a phase are set aside.
///
/// # Example
/// ```toml
/// [[expect]]
/// in      = "slow"
/// orphans = { attempts_max = 0.01, time_max = 0.1 }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the keys of the file say that they are upper bounds")]
pub struct Orphans {
    /// The largest share of the attempts that may begin for nobody, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts_max: Option<Share>,
    /// The largest share of the bytes of answers that may be for nobody, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_max: Option<Share>,
    /// The largest share of the time at backends that may be for nobody, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_max: Option<Share>,
}

impl Expectation for Orphans {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let measured = Measured::of(view);
        let claim = |what, part, most| claim(view, &measured, what, part, most);
        let claims = [
            self.attempts_max.map(|most| claim("attempts", measured.attempts, most)),
            self.bytes_max.map(|most| claim("bytes of answers", measured.bytes, most)),
            self.time_max.map(|most| claim("time at backends", measured.time, most)),
        ];
        claims.into_iter().flatten().collect()
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let bounds =
            [("attempts_max", self.attempts_max), ("bytes_max", self.bytes_max), ("time_max", self.time_max)];
        let all = bounds.into_iter().filter(|(_, most)| most.is_some_and(|most| most.get() >= 1.0));
        let vain =
            all.map(|(key, _)| Forecast::CannotFail(format!("`{key} = 1` allows that all is for nobody")));
        let once = outlook.brief.policy.retry.as_ref().is_none_or(|retry| retry.attempts < 2);
        let never_again = (self.attempts_max.is_some() && once).then(|| {
            Forecast::CannotPass(
                "`attempts_max` needs a declared `[policy.retry]`: nothing is tried again".into(),
            )
        });
        let longer = Timespan(TRANSIT.saturating_mul(2));
        let (left, timed_out) = (outlook.left_behind(longer), outlook.timed_out());
        let cases = left.zip(timed_out).map(|(left, timed_out)| left.max(timed_out));
        let needed = outlook.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let what = "requests that are over while their backend would work on";
        let cases = cases.map(|cases| Forecast::exposures(what, cases, needed));
        vain.chain(never_again).chain(cases).collect()
    }

    fn rests_on_faults(&self) -> bool {
        false
    }

    fn problem(&self) -> Option<String> {
        let bounds = [self.attempts_max, self.bytes_max, self.time_max];
        let none = bounds.iter().all(Option::is_none);
        none.then(|| "it has no bound: set one of `attempts_max`, `bytes_max`, `time_max`".into())
    }
}

fn claim(view: &View<'_>, measured: &Measured, what: &str, part: Part, most: Share) -> Claim {
    let Some((low, high)) = part.shares() else {
        let nothing = format!("backends did nothing that could be counted as {what}");
        return Claim::blind(nothing, "send requests that backends answer with a body");
    };
    let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
    let range =
        if high - low < 5e-4 { percent(high) } else { format!("{} to {}", percent(low), percent(high)) };
    let least = if high - low < 5e-4 { percent(low) } else { format!("at least {}", percent(low)) };
    let observed = format!("{range} of the {what} for nobody");
    Claim::on(Basis::Within { low, high, least: None, most: Some(most.get()), count: part.exposures, needed })
        .says(
            format!("at most {} of the {what} went to nobody", percent(high)),
            format!("{least} of the {what} went to nobody"),
        )
        .because(format!(
            "{} would have shown it; {} went on for more than {} after their request was over for its client",
            count(part.exposures, "request"),
            count(measured.shown.len() as u64, "attempt"),
            Timespan(TRANSIT)
        ))
        .seen(observed, format!("at most {} of the {what} for nobody", percent(most.get())))
        .estimate(Estimate {
            what: format!("{what} that nobody waited for"),
            value: Some(f64::midpoint(low, high)),
            low,
            high,
            unit: "share".into(),
            confidence: 1.0,
        })
        .shown(measured.shown.iter().map(|one| (one.tag, shows(view, one))).take(5).collect())
        .aside(measured.set_aside.clone())
        .remedy(format!(
            "let {} more clients leave, or the gateway's timer fire, while a `hang` or a long `latency` holds their attempt",
            needed.saturating_sub(part.exposures).max(1)
        ))
        .proof(Proof::Own(None))
}

fn shows(view: &View<'_>, one: &Orphan) -> String {
    let since = if one.client_left { "its client had left" } else { "its client had been answered" };
    format!(
        "`{}` worked for {} after {since}",
        view.brief.backend_name(one.backend),
        Timespan(one.for_nobody)
    )
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use evidence::{Method, Outcome};
    use insta::assert_snapshot;
    use policy::{Policy, Retry, RetryOn};
    use reports::Verdict;
    use rstest::rstest;
    use units::Timespan;

    use crate::testing::{Call, Judging, Run, Try};

    const DEMAND: &str = "orphans = { time_max = 0.1 }";

    fn run() -> Run {
        let run = Run::new().phase("slow", 10.0).backend("a").backend("b").class("reads", Method::Get);
        run.fault("slow", "hang", &["a", "b"])
    }

    /// The gateway answers 504 after 200 ms; the attempt ends so long after that.
    fn timed_out(n: usize, later: f64) -> Call {
        let attempt = Try::hit("a", "hang").takes(199.8 + later);
        Call::due("reads", 20.0 * n as f64).attempt(attempt).rejected(504, 200.0)
    }

    #[test]
    fn a_gateway_that_leaves_nothing_behind_passes() {
        let finding = run().calls(100, |n| timed_out(n, 1.0)).finding("slow", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
        assert_snapshot!(format!("{}\n{}\n{}", finding.summary, finding.observed, finding.because));
    }

    #[test]
    fn attempts_that_go_on_after_the_gateways_own_answer_are_caught() {
        let finding = run().calls(100, |n| timed_out(n, 400.0)).finding("slow", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_snapshot!(finding.summary, @"at least 63.4 % of the time at backends went to nobody");
        assert_snapshot!(finding.witnesses[0].shows, @"`a` worked for 400 ms after its client had been answered");
    }

    /// The client leaves after 200 ms, and the attempt that hung is let go.
    fn left(n: usize) -> Call {
        timed_out(n, 1.0).ends(Outcome::ClientTimeout, 200.0)
    }

    #[rstest]
    #[case::without_a_retry(run(), Verdict::Inconclusive)]
    #[case::with_one(run().policy(retrying()), Verdict::Pass)]
    fn attempts_that_begin_for_nobody_are_caught_and_missed_only_where_there_would_be_some(
        #[case] run: Run,
        #[case] otherwise: Verdict,
    ) {
        const ATTEMPTS: &str = "orphans = { attempts_max = 0.01 }";
        let finding = run.clone().calls(100, left).finding("slow", "reads", ATTEMPTS);
        assert_eq!(finding.verdict, otherwise, "{}", finding.because);
        let again = run.calls(100, |n| left(n).attempt(Try::ok("b").after(100.0)));
        let finding = again.finding("slow", "reads", ATTEMPTS);
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_snapshot!(finding.summary, @"50.0 % of the attempts went to nobody");
    }

    fn retrying() -> Policy {
        let mut policy = Policy::default();
        policy.timeout.per_try = Some(Timespan::from_millis(400));
        policy.retry = Some(Retry::new(2, vec![RetryOn::Timeout]));
        policy
    }

    #[test]
    fn bytes_for_nobody_are_caught_and_a_hang_does_not_show_them() {
        const BYTES: &str = "orphans = { bytes_max = 0.1 }";
        // The gateway answers after 200 ms, and the backend all the same after 600.
        let late = |n: usize| {
            let attempt = Try::hit("a", "latency").takes(600.0).row(|row| row.answer_bytes = 1_000);
            Call::due("reads", 20.0 * n as f64).attempt(attempt).rejected(504, 200.0)
        };
        let run = run().fault("slow", "latency", &["a"]);
        let hung = run.clone().calls(100, |n| timed_out(n, 1.0)).calls(20, |n| {
            Call::due("reads", 20.0 * n as f64).attempt(Try::ok("b").row(|row| row.answer_bytes = 10))
        });
        assert_eq!(hung.finding("slow", "reads", BYTES).verdict, Verdict::Inconclusive);
        let finding = run.calls(100, late).finding("slow", "reads", BYTES);
        assert_eq!(finding.verdict, Verdict::Fail, "{}", finding.because);
    }

    #[rstest]
    #[case::few(run().calls(9, |n| timed_out(n, 1.0)))]
    #[case::all_answered(run().calls(100, |n| Call::due("reads", n as f64).attempt(Try::ok("a"))))]
    #[case::shed(run().calls(100, |n| Call::due("reads", n as f64)))]
    #[case::one_stall(run().calls(100, |n| timed_out(n, 60.0)).hiccup(1.0, 9_000.0))]
    fn what_does_not_show_it_proves_nothing(#[case] run: Run) {
        let finding = run.finding("slow", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.summary);
        assert!(finding.remedy.is_some());
    }

    #[test]
    fn a_bound_between_what_is_certain_and_what_is_not_is_left_open() {
        // 30 ms later: 10 ms of 230 ms are certain, which is less than a tenth; 30 ms would be more.
        let finding =
            run().calls(100, |n| timed_out(n, 30.0)).finding("slow", "reads", "orphans = { time_max = 0.1 }");
        assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.observed);
    }
}
