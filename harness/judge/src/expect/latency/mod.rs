//! `latency`: how long requests take, as quantiles.

use std::time::Duration;

use evidence::{Exchange, Ledger, Tag};
use hdrhistogram::Histogram;
use reports::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::{Expectation, Judged};
use measure::histograms::{empty, quantile, record};
use measure::view::{Noise, View};

/// Requests do not take longer than given bounds, quantile by quantile.
///
/// # What it checks
/// The 50th, 90th, 99th and 99.9th percentile and the largest time of all requests that were due in the window and
/// sent, however they ended. `of = "response"` (the default) counts from when the request was due, so that a gateway
/// that stalls makes every request that waited behind it late; `of = "service"` counts from when it was sent.
///
/// # Why it matters
/// A slow backend that is not cut off makes every user of the gateway wait, also those whom it does not concern.
///
/// # When it can't tell
/// A quantile takes 10 requests beyond it: p99 takes 1 000. With fewer, it is inconclusive, unless more requests
/// were over the bound than that many may be. It is also inconclusive if the bound is exceeded by less than
/// brownout's own noise (lag of the driver, error of planned delays, and stalls of the machine where they are long
/// enough to reach the quantile), or kept by less than planned delays may have come early. Closed-loop traffic
/// slows down with the gateway and hides queueing; the finding says so.
///
/// # Example
/// ```toml
/// [[expect]]
/// in      = "slow upstream"
/// traffic = "reads"
/// latency = { p50 = "50ms", p99 = "400ms", of = "response" }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The longest median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<Timespan>,
    /// The longest 90th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90: Option<Timespan>,
    /// The longest 99th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<Timespan>,
    /// The longest 99.9th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p999: Option<Timespan>,
    /// The longest time that any request takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Timespan>,
    /// Which time.
    #[serde(default)]
    pub of: Time,
}

/// Which time of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Time {
    /// From when it was due to its end: what a user waits.
    #[default]
    Response,
    /// From when it was sent to its end: what the gateway takes.
    Service,
}

impl Time {
    fn of(self, exchange: &Exchange) -> Duration {
        match self {
            Time::Response => exchange.response_time(),
            Time::Service => exchange.service_time(),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Time::Response => "response time",
            Time::Service => "service time",
        }
    }
}

/// Requests that it takes to tell the largest time.
const SAMPLES_FOR_MAX: u64 = 20;

/// Requests beyond a quantile that it takes to tell it.
const SAMPLES_BEYOND: f64 = 10.0;

impl Expectation for Latency {
    fn judge(&self, ledger: &Ledger, window: &View<'_>) -> Judged {
        let measured = Measured::of(self, ledger, window);
        let parts: Vec<Judged> = self.bounds().into_iter().map(|bound| bound.judge(&measured)).collect();
        let mut judged = Judged::all(parts);
        let classes = window.brief.traffic.iter().enumerate();
        let mut closed = classes.filter(|(index, class)| {
            !class.open_loop && window.place.traffic.is_none_or(|demanded| usize::from(demanded) == *index)
        });
        if let Some((_, class)) = closed.next() {
            judged.because =
                format!("{}; `{}` is closed-loop traffic, which hides queueing", judged.because, class.name);
        }
        judged
    }

    fn problem(&self) -> Option<String> {
        self.bounds()
            .is_empty()
            .then(|| "it has no bound: set one of `p50`, `p90`, `p99`, `p999`, `max`".into())
    }
}

impl Latency {
    fn bounds(&self) -> Vec<Bound> {
        let bounds = [
            ("p50", 0.5, self.p50),
            ("p90", 0.9, self.p90),
            ("p99", 0.99, self.p99),
            ("p999", 0.999, self.p999),
            ("max", 1.0, self.max),
        ];
        let set = bounds
            .into_iter()
            .filter_map(|(name, quantile, bound)| Some(Bound { name, quantile, longest: bound?.0 }));
        set.collect()
    }
}

/// The times of a window, and what blurs them.
struct Measured {
    time: Time,
    histogram: Histogram<u64>,
    /// By time, longest first.
    slowest: Vec<(Duration, Tag)>,
    noise: Noise,
    /// The part of the window in which the machine stood still.
    stalled: f64,
}

impl Measured {
    fn of(settings: &Latency, ledger: &Ledger, window: &View<'_>) -> Self {
        let mut histogram = empty();
        let mut slowest: Vec<(Duration, Tag)> = Vec::new();
        for exchange in window.entries().map(|entry| entry.exchange).filter(|exchange| exchange.was_sent()) {
            let time = settings.of.of(exchange);
            record(&mut histogram, time);
            if slowest.len() < crate::witness::WITNESSES_MAX
                || slowest.last().is_some_and(|(least, _)| time > *least)
            {
                slowest.truncate(crate::witness::WITNESSES_MAX - 1);
                let place = slowest.partition_point(|(other, _)| *other >= time);
                slowest.insert(place, (time, exchange.tag));
            }
        }
        let hiccups = ledger.rest().hiccups.iter().filter(|hiccup| window.stretch.contains(hiccup.at));
        let stalled: u64 = hiccups.fold(0, |sum, hiccup| sum.saturating_add(hiccup.length));
        let length = window.stretch.length().as_nanos().max(1) as f64;
        Measured {
            time: settings.of,
            histogram,
            slowest,
            noise: window.noise(),
            stalled: stalled as f64 / length,
        }
    }

    /// By how much brownout itself may have made the times at a quantile longer.
    fn blur(&self, quantile: f64) -> Duration {
        let lag = if self.time == Time::Response { self.noise.lag_p99 } else { Duration::ZERO };
        let stall = if self.stalled >= 1.0 - quantile { self.noise.hiccup_max } else { Duration::ZERO };
        lag.max(stall).max(self.noise.delay_error_p99)
    }
}

/// One quantile with its bound.
struct Bound {
    name: &'static str,
    quantile: f64,
    longest: Duration,
}

impl Bound {
    fn needed(&self) -> u64 {
        if self.quantile >= 1.0 {
            SAMPLES_FOR_MAX
        } else {
            (SAMPLES_BEYOND / (1.0 - self.quantile)).round() as u64
        }
    }

    fn judge(&self, measured: &Measured) -> Judged {
        let (name, count, needed) = (self.name, measured.histogram.len(), self.needed());
        let expected = format!("{name} of {} ≤ {}", measured.time.word(), Timespan(self.longest));
        if count == 0 {
            return Judged::inconclusive("no requests", expected, "no request was sent");
        }
        let value = quantile(&measured.histogram, self.quantile);
        let blur = measured.blur(self.quantile);
        let (verdict, because) = self.verdict(measured, value, blur, count, needed);
        let slow =
            measured.slowest.iter().filter(|(time, _)| verdict != Verdict::Pass && *time > self.longest);
        Judged {
            verdict,
            summary: format!("{name} of {} was {}", measured.time.word(), Timespan(value)),
            observed: format!("{name} {} over {}", Timespan(value), units::plural::count(count, "request")),
            expected,
            because,
            observations: count,
            resolution: Some(Timespan(blur.max(value / 1000)).to_string()),
            witnesses: slow.map(|(time, tag)| (*tag, format!("took {}", Timespan(*time)))).collect(),
        }
    }

    fn verdict(
        &self,
        measured: &Measured,
        value: Duration,
        blur: Duration,
        count: u64,
        needed: u64,
    ) -> (Verdict, String) {
        let (name, bound, shown) = (self.name, Timespan(self.longest), Timespan(value));
        let limit_us = (self.longest + blur).as_micros() as u64;
        let quick = if limit_us == 0 { 0 } else { measured.histogram.count_between(1, limit_us) };
        let over = count.saturating_sub(quick);
        let allowed = ((1.0 - self.quantile) * needed as f64).round() as u64;
        if count < needed && over <= allowed {
            return (
                Verdict::Inconclusive,
                format!("{count} requests are too few to tell {name}: it takes {needed}"),
            );
        }
        if value > self.longest + blur {
            return (Verdict::Fail, format!("{name} was {shown}, allowed {bound}"));
        }
        if value > self.longest {
            let words =
                format!("{name} is over {bound} by less than brownout's own noise of {}", Timespan(blur));
            return (Verdict::Inconclusive, words);
        }
        // Noise makes times longer; only a planned delay that came early makes them shorter.
        let early = measured.noise.delay_error_p99;
        if value + early > self.longest {
            let words = format!(
                "{name} is under {bound} by less than the error of planned delays, {}",
                Timespan(early)
            );
            return (Verdict::Inconclusive, words);
        }
        (Verdict::Pass, format!("{name} was {shown}, allowed {bound}"))
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use insta::assert_snapshot;
    use reports::Verdict;
    use rstest::rstest;

    use crate::testing::{Call, Judging, Run, Try, settings};

    /// 2 000 requests of 2 ms over 10 s, every hundredth-but-one of which takes `slow` milliseconds.
    fn steady(count: usize, slow: f64) -> Run {
        let run = Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get);
        run.closed_class("users", Method::Get).calls(count, move |n| {
            let takes = if n % 50 == 0 { slow } else { 2.0 };
            Call::due("reads", 5.0 * n as f64).attempt(Try::ok("a").takes(takes))
        })
    }

    #[rstest]
    #[case::slow_enough_to_show("p99 = '50ms'", Verdict::Fail)]
    #[case::hidden_in_the_median("p50 = '50ms'", Verdict::Pass)]
    #[case::one_bound_of_two("p50 = '50ms', p99 = '50ms'", Verdict::Fail)]
    #[case::within_its_bounds("p99 = '200ms', max = '200ms'", Verdict::Pass)]
    fn quantiles_are_held_against_their_bounds(#[case] bounds: &str, #[case] verdict: Verdict) {
        let finding = steady(2000, 100.0).finding("steady", "reads", &format!("latency = {{ {bounds} }}"));
        assert_eq!(finding.verdict, verdict, "{}", finding.because);
    }

    #[test]
    fn the_slowest_requests_are_shown_first() {
        let run = steady(2000, 100.0).call(Call::due("reads", 9_999.0).attempt(Try::ok("a").takes(300.0)));
        let finding = run.finding("steady", "reads", "latency = { p99 = '50ms' }");
        assert_snapshot!(finding.because, @"p99 was 100 ms, allowed 50 ms");
        assert_snapshot!(finding.witnesses[0].shows, @"took 300 ms");
        assert_eq!(finding.witnesses.len(), 5);
    }

    #[test]
    fn response_time_counts_the_lag_of_the_driver_and_service_time_does_not() {
        let run = Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get);
        let run = run.calls(100, |n| Call::due("reads", n as f64).lag(40.0).attempt(Try::ok("a")));
        let of = |time: &str| {
            run.finding("steady", "reads", &format!("latency = {{ p50 = '20ms', of = '{time}' }}"))
        };
        assert_eq!(of("service").verdict, Verdict::Pass);
        let response = of("response");
        assert_eq!(response.verdict, Verdict::Inconclusive);
        assert_snapshot!(response.because, @"p50 is over 20 ms by less than brownout's own noise of 40 ms");
    }

    #[test]
    fn a_stall_of_the_machine_excuses_the_quantiles_that_it_reaches() {
        let run = steady(2000, 100.0).hiccup(1_000.0, 150.0);
        assert_eq!(
            run.finding("steady", "reads", "latency = { p99 = '50ms' }").verdict,
            Verdict::Inconclusive
        );
        assert_eq!(run.finding("steady", "reads", "latency = { p90 = '1ms' }").verdict, Verdict::Fail);
    }

    #[rstest]
    #[case::too_few(999, 2.0, Verdict::Inconclusive)]
    #[case::too_few_but_hopeless(999, 100.0, Verdict::Fail)]
    #[case::none(0, 2.0, Verdict::Inconclusive)]
    fn a_quantile_takes_ten_requests_beyond_it(
        #[case] count: usize,
        #[case] slow: f64,
        #[case] verdict: Verdict,
    ) {
        let finding = steady(count, slow).finding("steady", "reads", "latency = { p99 = '50ms' }");
        assert_eq!(finding.verdict, verdict, "{}", finding.because);
    }

    #[test]
    fn closed_loop_traffic_is_named_as_such() {
        let run = steady(0, 2.0).calls(100, |n| Call::due("users", 5.0 * n as f64).attempt(Try::ok("a")));
        let finding = run.finding("steady", "users", "latency = { p50 = '50ms' }");
        assert_eq!(finding.verdict, Verdict::Pass);
        assert!(finding.because.contains("hides queueing"), "{}", finding.because);
    }

    #[test]
    fn bounds_are_demanded() {
        assert!(settings("latency = {}").is_ok_and(|settings| settings.contract().problem().is_some()));
    }
}
