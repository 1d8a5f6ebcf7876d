//! `amplification`: retries don't make an outage worse, by their number or by coming all at once.

use evidence::Tag;
use measure::amplification::{Amplification as Measured, Waves, Window, busiest};
use measure::view::View;
use reports::Estimate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;
use units::plural::count;

use super::Expectation;
use crate::claim::{Basis, CASES_MIN, Claim};
use crate::estimates::counted;
use crate::forecast::{Forecast, Outlook, is_failure};

/// How many further attempts in each bin of 100 ms make their spread tell, on average.
const TELLING: f64 = 5.0;

/// Backends that fail get no more than so many attempts for each request, in no window, and not all at once.
///
/// # What it checks
/// - `max = 1.5`: of the requests that were sent in any window of `window` (1 s without it; one starts every tenth of that)
///   the attempts, whenever they come, are no more than so many for each request.
/// - `spread = true`: further attempts come as spread in time as the failures that they follow. The fullest 100 ms are held
///   against what chance would bring there; one that is four times as full as it has to be is a wave.
///
/// # Why it matters
/// A backend that fails for want of capacity is kept down by those who try again. The mean over an outage hides the second in
/// which every request came three times, and jitter that is not drawn brings all retries back together.
///
/// # When it can't tell
/// `max` needs 10 windows without overlap in which attempts failed and 10 requests were sent: a gateway has no reason to try
/// again otherwise. `spread` needs some five further attempts in each 100 ms. Set aside are requests at the edge of a phase,
/// those of which a refused connection may hide attempts, and those that a stall of brownout's machine touches.
///
/// # Example
/// ```toml
/// [[expect]]
/// in            = "outage"
/// amplification = { max = 1.5, window = "1s", spread = true }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Amplification {
    /// The most attempts for each request, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The length of a window; 1 s without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Timespan>,
    /// True: further attempts don't come in waves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spread: bool,
}

impl Expectation for Amplification {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let most = self.max.map(|max| self.bounded(view, max));
        most.into_iter().chain(self.spread.then(|| spread(view))).collect()
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let failing = outlook.failing(1, is_failure);
        let windows = outlook.stretch().length().as_secs_f64() / self.window().as_secs_f64();
        let tempted = failing.map(|failing| if failing > 0.0 { windows.floor() } else { 0.0 });
        let needed = outlook.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let most = tempted.filter(|_| self.max.is_some()).map(|windows| {
            let what = format!("windows of {} without overlap in which attempts fail", self.window());
            Forecast::exposures(what, windows, needed)
        });
        let further = outlook.failing_in_time(1, |does| outlook.is_retried(does)).filter(|_| self.spread);
        let spread = further.map(|further| {
            let needed = TELLING * outlook.stretch().length().as_secs_f64() * 10.0;
            Forecast::exposures("further attempts", further, needed as u64)
        });
        most.into_iter().chain(spread).chain(outlook.uncounted()).collect()
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        if self.max.is_none() && !self.spread {
            return Some("it demands nothing: set `max`, `spread` or both".into());
        }
        // Written so that a number that is none is refused as well.
        if self.max.is_some_and(|max| !(max >= 1.0 && max.is_finite())) {
            return Some("`max` must be 1 or more: every request arrives once".into());
        }
        if self.window.is_some() && self.max.is_none() {
            return Some("`window` goes with `max`".into());
        }
        self.window.filter(|window| *window < Timespan::from_millis(100)).map(|window| {
            format!("`window = \"{window}\"` is too short for a ratio: expected 100 ms at least")
        })
    }
}

impl Amplification {
    fn window(&self) -> Timespan {
        self.window.unwrap_or(Timespan::from_secs(1))
    }

    fn bounded(&self, view: &View<'_>, max: f64) -> Claim {
        let measured = Measured::of(view, *self.window());
        let above = measured.apart(|window| window.ratio() > max);
        let tempted = measured.apart(|_| true);
        let (broken, all) = (above.len() as u64, tempted.len() as u64);
        let (worst, window) = (measured.worst(), self.window());
        let needed = view.place.samples_min.unwrap_or(0).max(CASES_MIN);
        let seen = worst.map_or_else(|| "no attempt failed".to_owned(), |worst| words(&worst));
        // What is set aside are requests: so are the cases, once there are windows enough.
        let requests: u64 = tempted.iter().map(|window| window.requests).sum();
        let cases = if all < needed { all } else { requests };
        let claim = Claim::never(broken, cases.max(broken), view.place.samples_min)
            .says(
                format!("no {window} saw more than {max} attempts for each request"),
                format!("{broken} of {} saw more than {max} attempts for each request", windows(all, window)),
            )
            .because(format!("the most was {seen}"))
            .seen(
                format!("at most {seen}"),
                format!("at most {max} attempts for each request in every window of {window}"),
            )
            .shown(worst.filter(|_| broken > 0).map_or_else(Vec::new, |worst| shown(view, &worst)))
            .aside(measured.set_aside)
            .remedy(format!(
                "let the fault last for {} more, or shorten `window`",
                windows(needed.saturating_sub(all).max(1), window)
            ));
        worst.into_iter().fold(claim, |claim, worst| {
            claim.estimate(counted("attempts for each request, most in a window", worst.ratio(), "attempts"))
        })
    }
}

/// That further attempts don't come in waves.
fn spread(view: &View<'_>) -> Claim {
    let waves = Waves::of(view);
    let needed = (TELLING * waves.bins as f64).ceil() as u64;
    let mean = waves.further as f64 / waves.bins.max(1) as f64;
    let basis = Basis::Tested {
        p_broken: waves.p_spread(),
        p_kept: waves.p_wave(),
        count: waves.further,
        needed: (waves.further < needed).then_some(needed),
    };
    let seen = format!(
        "{} in the fullest 100 ms, {mean:.1} on average, and {:.1} where they are spread as the failures are",
        waves.peak, waves.spread
    );
    let inside = |tag: &Tag, peak: units::Stretch| {
        view.ledger
            .entry(*tag)
            .is_some_and(|entry| entry.attempts.iter().skip(1).any(|further| peak.contains(further.arrived)))
    };
    let tags = || view.entries().filter(|entry| entry.attempts.len() > 1).map(|entry| entry.exchange.tag);
    let shown = waves.peak_at.map_or_else(Vec::new, |peak| {
        let first = tags().filter(|tag| inside(tag, peak)).take(5);
        first
            .map(|tag| (tag, format!("came back with {} others in 100 ms", waves.peak.saturating_sub(1))))
            .collect()
    });
    Claim::on(basis)
        .says(
            format!("further attempts came spread over time: {seen}"),
            format!("further attempts came in waves: {seen}"),
        )
        .because("the fullest 100 ms are held against what chance brings where retries are spread as the failures are")
        .seen(seen, "further attempts as spread in time as the failures that they follow")
        .estimate(Estimate {
            what: "further attempts in the fullest 100 ms".into(),
            value: Some(waves.peak as f64),
            low: waves.peak as f64,
            high: waves.peak as f64,
            unit: "attempts".into(),
            confidence: 1.0,
        })
        .shown(shown)
        .aside(waves.set_aside)
        .remedy(format!("let about {needed} further attempts follow in this phase: more requests, or a shorter phase"))
}

fn words(window: &Window) -> String {
    let (from, to) = (window.during.from, window.during.to);
    format!(
        "{:.2} ({} for {}, from {from} to {to})",
        window.ratio(),
        count(window.attempts, "attempt"),
        count(window.requests, "request")
    )
}

fn windows(number: u64, length: Timespan) -> String {
    format!("{} of {length}", count(number, "window"))
}

fn shown(view: &View<'_>, worst: &Window) -> Vec<(Tag, String)> {
    let busiest = busiest(view, worst).into_iter();
    busiest
        .map(|(tag, attempts)| (tag, format!("{} in the worst window", count(attempts as u64, "attempt"))))
        .collect()
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use reports::Verdict;
    use rstest::rstest;

    use crate::testing::{Call, Judging, Run, Try, foreseen, settings};

    fn outage() -> Run {
        let run = Run::new().phase("outage", 12.0).phase("after", 2.0).backend("a").backend("b");
        run.class("reads", Method::Get).fault("outage", "status", &["a", "b"])
    }

    fn failing(ms: f64, attempts: usize) -> Call {
        (0..attempts)
            .fold(Call::due("reads", ms), |call, _| call.attempt(Try::hit("a", "status").after(10.0)))
    }

    fn twice() -> Run {
        outage().calls(1_190, |n| failing(10.0 * n as f64, 2))
    }

    fn found(run: &Run, demand: &str) -> reports::Finding {
        run.finding("outage", "reads", demand)
    }

    const MAX: &str = "amplification = { max = 2 }";
    const SPREAD: &str = "amplification = { spread = true }";

    #[test]
    fn every_window_within_the_bound_passes_and_one_second_above_it_is_caught() {
        let finding = found(&twice(), MAX);
        assert_eq!((finding.verdict, finding.exposures), (Verdict::Pass, 1_190), "{}", finding.because);
        let storm = twice().calls(20, |n| failing(5_000.0 + n as f64, 5));
        let finding = found(&storm, MAX);
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_eq!(finding.witnesses[0].attempts.len(), 5);
        insta::assert_snapshot!(format!("{}\n{}", finding.summary, finding.observed));
    }

    #[rstest]
    #[case::nothing_failed(outage().calls(1_200, |n| Call::due("reads", 10.0 * n as f64).attempt(Try::ok("a"))))]
    #[case::too_few_windows(outage().calls(900, |n| failing(10.0 * n as f64, 2)))]
    #[case::too_few_requests(outage().calls(100, |n| failing(120.0 * n as f64, 2)))]
    #[case::nothing_arrived(outage().calls(1_200, |n| Call::due("reads", 10.0 * n as f64)))]
    fn what_gave_no_reason_to_try_again_proves_nothing(#[case] run: Run) {
        let finding = found(&run, MAX);
        assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.because);
        assert!(finding.remedy.is_some());
    }

    #[test]
    fn attempts_that_may_be_hidden_prove_no_bound() {
        let hiding = |run: Run| run.fault("outage", "refuse", &["b"]).firing("refuse", "b", 0.0, 12_000.0);
        assert_eq!(found(&hiding(twice()), MAX).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn requests_in_a_stall_are_in_no_window() {
        let stalled = twice().calls(20, |n| failing(5_000.0 + n as f64, 5)).hiccup(4_990.0, 100.0);
        let finding = found(&stalled, MAX);
        assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
        assert!(finding.set_aside[0].count >= 20);
    }

    #[test]
    fn retries_that_come_back_together_are_a_finding() {
        let back = |n: usize, ms: f64| {
            let call = Call::due("reads", 10.0 * n as f64).attempt(Try::hit("a", "status"));
            call.attempt(Try::ok("b").after(ms))
        };
        let spread = outage().calls(1_150, move |n| back(n, (n * 37 % 200) as f64));
        let finding = found(&spread, SPREAD);
        assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.observed);
        let waves = outage().calls(1_150, move |n| back(n, 500.0 - (n % 50) as f64 * 10.0));
        let finding = found(&waves, SPREAD);
        assert_eq!(finding.verdict, Verdict::Fail, "{}", finding.observed);
        assert!(!finding.witnesses.is_empty());
        let few = outage().calls(50, move |n| back(n * 20, (n * 37 % 200) as f64));
        assert_eq!(found(&few, SPREAD).verdict, Verdict::Inconclusive);
        assert_eq!(
            found(&outage().calls(50, |n| failing(n as f64, 1)), SPREAD).verdict,
            Verdict::Inconclusive
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_what_is_too_short_is_told_before_the_run() {
        for wrong in
            ["{ max = 0.5 }", "{}", "{ spread = true, window = \"1s\" }", "{ max = 2, window = \"1ms\" }"]
        {
            let settings = settings(&format!("amplification = {wrong}")).unwrap();
            assert!(settings.contract().problem().is_some(), "{wrong}");
        }
        let short = foreseen(&twice(), "outage", "reads", "amplification = { max = 2, window = \"3s\" }");
        assert!(short[0].falls_short(), "{short:?}");
        let long = foreseen(&twice(), "outage", "reads", MAX);
        assert!(!long[0].falls_short(), "{long:?}");
    }
}
