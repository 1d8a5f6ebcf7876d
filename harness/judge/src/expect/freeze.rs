//! `freeze`: the gateway never stands still while requests come in.

use measure::freezes::{Freeze as Found, Freezes};
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;
use units::plural::{count, times as times_in_words};

use super::Expectation;
use crate::claim::{CASES_MIN, Claim, Proof};
use crate::estimates::counted;
use crate::forecast::{Forecast, Outlook};

/// A time shorter than this is no freeze: a request may be on its way for as long.
const LEAST: Timespan = Timespan::from_millis(20);

/// The gateway never stands still while requests come in.
///
/// # What it checks
/// From each request of the phase, the time to the next move of the gateway: any arrival or new connection at a backend, an
/// attempt that it gives up, a byte or the end of an answer to any client. `longest` is the longest that nothing at all may
/// move; `times_max` is how often it may be exceeded (never, without it).
///
/// # Why it matters
/// A gateway with one event loop stands still for everybody while it collects garbage, reloads, writes to a slow disk, or
/// waits for the one request that it handles badly. Quantiles over requests hide that: a freeze of 300 ms once in ten
/// seconds is 3 % of them, and every one of them at the same time.
///
/// # When it can't tell
/// Inconclusive with fewer than 10 stretches of `longest` in which a request was sent. The watchdog tells a machine that
/// stalls from a gateway that does: what its stalls explain is set aside, and so are times in which a fault keeps
/// connections from being made, because a gateway that waits for one moves without a trace. Where a limit of the gateway is
/// reached and all that it lets through hangs, nothing moves either: expect it of phases in which some backend answers.
///
/// # Example
/// ```toml
/// [[expect]]
/// in     = "steady"
/// freeze = { longest = "100ms" }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// The longest time in which nothing may move though a request is there; at least 20 ms.
    pub longest: Timespan,
    /// How often it may be exceeded. Without it: never.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub times_max: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(times: &u32) -> bool {
    *times == 0
}

impl Expectation for Freeze {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let (longest, freezes) = (self.longest, Freezes::of(view, *self.longest));
        let found = freezes.found.len();
        let most = Timespan(freezes.longest);
        let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let beyond = (found as u64).saturating_sub(u64::from(self.times_max));
        let stood_still = match found {
            0 => format!("never stood still for more than {longest}"),
            some => format!("stood still {} for more than {longest}", times_in_words(some)),
        };
        let demanded = match self.times_max {
            0 => format!("never stands still for more than {longest}"),
            some => format!("stands still at most {} for more than {longest}", times_in_words(some as usize)),
        };
        let observed = format!("{stood_still}, at most for {most}");
        let claim = Claim::never(beyond, freezes.windows, view.place.samples_min)
            .says(
                format!("the gateway stood still for {most} at the most while requests came in"),
                format!("the gateway {stood_still}, at most for {most}"),
            )
            .because(format!("{} of {longest} in which a request was sent", count(freezes.windows, "window")))
            .seen(observed, demanded)
            .estimate(counted("longest time without a move", most.as_secs_f64() * 1e3, "ms"))
            .shown(freezes.found.iter().map(|freeze| (freeze.tag, shows(freeze))).take(5).collect())
            .aside(freezes.set_aside)
            .remedy(format!(
                "send requests in {} more stretches of {longest}: make the phase longer",
                needed.saturating_sub(freezes.windows).max(1)
            ))
            .proof(Proof::Own(None));
        vec![claim]
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let Some(requests) = outlook.requests() else { return Vec::new() };
        let windows = outlook.stretch().length().as_secs_f64() / self.longest.as_secs_f64().max(1e-9);
        let needed = outlook.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let what = format!("stretches of {} in which a request is sent", self.longest);
        vec![Forecast::exposures(what, windows.min(requests) * (1.0 - outlook.hidden()), needed)]
    }

    fn rests_on_faults(&self) -> bool {
        false
    }

    fn problem(&self) -> Option<String> {
        (self.longest < LEAST).then(|| {
            format!("`longest = \"{}\"` is too short: a request may be on its way for {LEAST}", self.longest)
        })
    }
}

fn shows(freeze: &Found) -> String {
    format!(
        "nothing moved for {} from here on, while {} came in",
        Timespan(freeze.lasted.length()),
        count(freeze.requests, "request")
    )
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use insta::assert_snapshot;
    use reports::Verdict;
    use rstest::rstest;

    use crate::testing::{Call, Judging, Run, Try, settings};

    /// A request every 10 ms for 4 s; from 1 s on for so long, none is answered before its end.
    fn frozen(ms: f64) -> Run {
        frozen_among(400, ms)
    }

    fn frozen_among(calls: usize, ms: f64) -> Run {
        let run = Run::new().phase("steady", 4.0).backend("a").class("reads", Method::Get);
        run.calls(calls, move |n| {
            let due = 10.0 * n as f64;
            let waits = if due >= 1_000.0 && due < 1_000.0 + ms { 1_000.0 + ms - due } else { 0.2 };
            Call::due("reads", due).attempt(Try::ok("a").after(waits))
        })
    }

    const DEMAND: &str = "freeze = { longest = \"100ms\" }";

    #[test]
    fn a_gateway_that_keeps_moving_passes() {
        let finding = frozen(0.0).finding("steady", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
        assert_snapshot!(format!("{}\n{}\n{}", finding.summary, finding.observed, finding.because));
    }

    #[test]
    fn one_that_stands_still_once_is_caught() {
        let finding = frozen(300.0).finding("steady", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_snapshot!(finding.summary, @"the gateway stood still once for more than 100 ms, at most for 300 ms");
        assert_snapshot!(finding.witnesses[0].shows, @"nothing moved for 300 ms from here on, while 30 requests came in");
        let allowed =
            frozen(300.0).finding("steady", "reads", "freeze = { longest = \"100ms\", times_max = 1 }");
        assert_eq!(allowed.verdict, Verdict::Pass, "{}", allowed.because);
    }

    #[test]
    fn a_stalled_machine_is_no_stalled_gateway() {
        let finding = frozen(300.0).hiccup(1_000.0, 290.0).finding("steady", "reads", DEMAND);
        assert_ne!(finding.verdict, Verdict::Fail, "{}", finding.summary);
        assert!(!finding.set_aside.is_empty());
    }

    #[rstest]
    #[case::too_short(frozen_among(50, 0.0))]
    #[case::nothing_sent(frozen_among(400, 0.0).calls(0, |_| Call::due("reads", 0.0)).settle(3_900.0))]
    #[case::stalled_all_along(frozen(0.0).hiccup(1.0, 3_900.0))]
    fn what_does_not_show_it_proves_nothing(#[case] run: Run) {
        let finding = run.finding("steady", "reads", DEMAND);
        assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.summary);
        assert!(finding.remedy.is_some());
    }

    #[test]
    fn a_bound_below_transit_makes_no_sense() {
        let problem =
            settings("freeze = { longest = \"5ms\" }").map(|settings| settings.contract().problem());
        assert!(problem.is_ok_and(|problem| problem.is_some()));
    }
}
