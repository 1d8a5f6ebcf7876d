//! `retry_budget`: no more further attempts are under way than a share of the requests that are.

use measure::retry_budget::Budgeted;
use measure::view::View;
use policy::RetryBudget as Declared;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;
use units::plural::count;

use super::Expectation;
use crate::claim::{CASES_MIN, Claim};
use crate::estimates::counted;
use crate::forecast::{Forecast, Outlook};

/// Of the requests that are under way, no more than a share is being tried again.
///
/// # What it checks
/// - `share = 0.2`, `min = 3`: as often as a further attempt arrives, the further attempts that are under way at backends are no more
///   than this share of all requests that are under way, or than `min` where that is more.
/// - `exact = true`: what fails while fewer are under way is tried again, as the policy says. Of the share, only as much counts as
///   is certainly allowed: of the attempts under way at that moment, rounded down.
///
/// The budget is of the whole pool: what is under way is counted over all traffic.
///
/// # Why it matters
/// A limit of attempts for each request lets the load double when everything fails. A budget keeps what retries add to an outage in
/// bounds, whatever its extent, and still lets the odd failure be tried again.
///
/// # When it can't tell
/// Inconclusive with fewer than 10 requests that the policy tries again and the gateway did not: a gateway without a budget would have
/// shown there. A further attempt counts from its arrival, and a gateway counts it from its decision on; for the
/// requests under way the most is taken that can have been. So a budget that is too large by a few is not told from the declared one.
/// Failures must last for a while, such as a `latency` with a `status`, so that several are under way at a time.
///
/// # Example
/// ```toml
/// [[expect]]
/// in           = "outage"
/// retry_budget = { share = 0.2, min = 3 }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryBudget {
    /// The largest share of the requests under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
    /// As many may be under way in any case.
    #[serde(default = "three")]
    pub min: u32,
    /// True: what fails while fewer are under way is tried again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exact: bool,
}

fn three() -> u32 {
    3
}

impl Expectation for RetryBudget {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let (most, exact) = self.words(view);
        most.into_iter().chain(exact).collect()
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let failing = outlook.failing_in_time(1, |does| outlook.is_retried(does));
        let needed = outlook.place.samples_min.unwrap_or(0).max(CASES_MIN);
        // At the least, what is worth trying again must come up; how much of it a budget withholds depends on the gateway.
        let withheld = 1.0 - self.share.map_or(0.0, Share::get);
        let cases = failing.map(|failing| {
            Forecast::exposures("requests that the policy tries again", failing * withheld, needed)
        });
        cases.into_iter().chain(outlook.uncounted()).collect()
    }

    fn problem(&self) -> Option<String> {
        if self.share.is_none() && !self.exact {
            return Some("it demands nothing: set `share`, `exact` or both".into());
        }
        let of_nothing = self.exact && self.min == 0 && self.share.is_none();
        of_nothing.then(|| "`exact` goes with a `share`, or with a `min` of 1 or more".into())
    }
}

impl RetryBudget {
    /// What it says of the most, and of the least, that may be tried again at a time.
    pub(crate) fn words(&self, view: &View<'_>) -> (Option<Claim>, Option<Claim>) {
        let declared = Declared { share: self.share.unwrap_or(Share::NONE), min: self.min };
        let budgeted = Budgeted::of(view, &declared);
        let most = self.share.map(|share| self.most(share, view, &budgeted));
        (most, self.exact.then(|| self.exact(view, &budgeted)))
    }

    fn most(&self, share: Share, view: &View<'_>, budgeted: &Budgeted) -> Claim {
        let (share, min) = (share.get() * 100.0, self.min);
        let (above, withheld) = (budgeted.above, budgeted.withheld);
        let bound = format!("{share} % of the requests under way, or {min}");
        let seen = match budgeted.most {
            Some((most, may)) => format!(
                "{} further, at most {most} of them under way at a time, when {may} may have been; {} not tried again",
                count(budgeted.further, "attempt"),
                count(withheld, "failure")
            ),
            None => format!("nothing was tried again; {} not", count(withheld, "failure")),
        };
        let shown = budgeted.first_above.iter().map(|(tag, under_way, may)| {
            (*tag, format!("tried again as number {under_way} of those under way, and {may} may have been"))
        });
        Claim::never(above, withheld.max(above), view.place.samples_min)
            .says(
                format!("no more further attempts were under way than {bound}"),
                format!("{above} further attempts came while more were under way than {bound}"),
            )
            .because(seen.clone())
            .seen(seen, format!("further attempts under way are at most {bound}"))
            .estimate(counted(
                "further attempts under way at a time, most",
                budgeted.most.map_or(0.0, |(most, _)| most as f64),
                "attempts",
            ))
            .shown(shown.collect())
            .aside(budgeted.set_aside.clone())
            .remedy(
                "make more failures last at a time than the budget has room for: a `latency` together with the `status`, or more \
                 requests",
            )
    }

    fn exact(&self, view: &View<'_>, budgeted: &Budgeted) -> Claim {
        let (free, stingy) = (budgeted.free, budgeted.stingy.len() as u64);
        let few = match self.share {
            Some(share) => format!("fewer than {share} of the attempts under way, or than {}", self.min),
            None => format!("fewer than {}", self.min),
        };
        let seen = format!(
            "{stingy} of {} that came while {few} can have been tried again were not",
            count(free, "failure")
        );
        let shown = budgeted.stingy.iter().take(5).map(|tag| (*tag, "was not tried again".to_owned()));
        Claim::never(stingy, free, view.place.samples_min)
            .says(
                format!("whatever failed while {few} were being tried again was so, too"),
                seen.clone(),
            )
            .because(seen.clone())
            .seen(
                seen,
                format!("what fails while {few} are being tried again is so, too"),
            )
            .shown(shown.collect())
            .aside(budgeted.set_aside.clone())
            .remedy(
                "let some requests fail while few others do: a small share of a `status`, in a longer phase; for the share of the \
                 budget, have more requests under way at a time",
            )
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use policy::{Policy, Retry, RetryOn};
    use reports::Verdict;

    use crate::testing::{Call, Judging, Run, Try, foreseen, settings};

    /// Rounds of ten requests that fail after 20 ms; `again` of each are tried once more, for 50 ms.
    fn rounds(again: usize) -> Run {
        let run = Run::new().phase("outage", 20.0).backend("a").class("reads", Method::Get);
        let retry = Some(Retry::new(2, vec![RetryOn::Status(503)]));
        let run = run.policy(Policy { retry, ..Policy::default() }).fault("outage", "status", &["a"]);
        run.calls(900, move |n| {
            let call = Call::due("reads", 200.0 * (n / 10) as f64 + (n % 10) as f64);
            let call = call.attempt(Try::hit("a", "status").takes(20.0));
            if n % 10 < again { call.attempt(Try::hit("a", "status").takes(50.0)) } else { call }
        })
    }

    fn found(run: &Run, demand: &str) -> reports::Finding {
        run.finding("outage", "reads", demand)
    }

    const DEMAND: &str = "retry_budget = { share = 0.2, min = 3 }";

    #[test]
    fn a_budget_that_is_kept_passes_and_one_that_is_not_is_caught() {
        let finding = found(&rounds(3), DEMAND);
        assert_eq!((finding.verdict, finding.exposures), (Verdict::Pass, 630), "{}", finding.because);
        insta::assert_snapshot!(format!("{}\n{}", finding.summary, finding.observed), @r"
        no more further attempts were under way than 20 % of the requests under way, or 3
        270 attempts further, at most 3 of them under way at a time, when 3 may have been; 630 failures not tried again
        ");
        let finding = found(&rounds(10), DEMAND);
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_eq!(finding.witnesses[0].attempts.len(), 2);
        insta::assert_snapshot!(format!("{}\n{}", finding.summary, finding.observed), @r"
        630 further attempts came while more were under way than 20 % of the requests under way, or 3
        900 attempts further, at most 10 of them under way at a time, when 3 may have been; 0 failures not tried again
        ");
    }

    #[test]
    fn a_budget_that_is_never_reached_proves_nothing() {
        let all = found(&rounds(10), "retry_budget = { share = 1.0, min = 10 }");
        assert_eq!(all.verdict, Verdict::Inconclusive, "{}", all.because);
        assert!(all.remedy.is_some());
    }

    #[test]
    fn a_gateway_that_never_tries_again_keeps_every_budget_and_is_not_exact() {
        assert_eq!(found(&rounds(0), DEMAND).verdict, Verdict::Pass);
        let exact = found(&rounds(0), "retry_budget = { exact = true }");
        assert_eq!(exact.verdict, Verdict::Fail, "{}", exact.because);
    }

    #[test]
    fn what_a_stall_delays_is_held_against_the_requests_that_were_under_way_before_it() {
        let stalled = rounds(3).hiccup(5_000.0, 300.0);
        assert_ne!(found(&stalled, DEMAND).verdict, Verdict::Fail);
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_too_few_failures_are_told_before_the_run() {
        for wrong in ["{ min = 0, exact = true }", "{}"] {
            let settings = settings(&format!("retry_budget = {wrong}")).unwrap();
            assert!(settings.contract().problem().is_some(), "{wrong}");
        }
        assert!(!foreseen(&rounds(3), "outage", "reads", DEMAND)[0].falls_short());
        let none = Run::new().phase("outage", 20.0).backend("a").class("reads", Method::Get);
        assert!(foreseen(&none, "outage", "reads", DEMAND)[0].falls_short());
    }
}
