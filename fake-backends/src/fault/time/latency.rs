//! The fault that answers late.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt;
use rand_distr::{Distribution, LogNormal, Normal, Pareto};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Timespan};

use crate::fault::{Does, Effect, Fault, Incoming, Outline, Pace, on_attempts};

/// What caps a drawn delay where the settings name no `max`.
const MAX: Timespan = Timespan::from_secs(60);

/// Waits before it answers.
///
/// # What it does
/// The request is read whole; the answer begins after a delay that is `fixed`, or drawn for each attempt from one of
/// `uniform`, `normal`, `lognormal`, `pareto` and `quantiles`, which follows what was measured. `normal`, `lognormal` and
/// `pareto` have no upper end and are cut at `max` (60 s without it); a negative delay is none. `on = "body"` sends the head
/// at once and delays the body. `share` is drawn for each attempt. Delays of several injections add up; of several on the
/// body the last one holds.
///
/// # What the gateway sees
/// A whole response, late. The connection stays open meanwhile; if the gateway leaves first, that is recorded.
///
/// # What it stands for
/// A slow dependency, a full disk, garbage collection, a lock: what a brownout mostly is.
///
/// # When it cannot be proven
/// If the machine was too busy to keep the delay: each attempt records how far the real delay was from the planned one.
///
/// # Example
/// `latency = { lognormal = { median = "40ms", sigma = 0.5 }, share = 0.3 }`
/// `latency = { quantiles = { "0" = "5ms", "0.5" = "20ms", "0.99" = "300ms", "1" = "2s" }, on = "body" }`
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The same delay each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<Timespan>,
    /// Every delay between two is as likely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uniform: Option<UniformDelay>,
    /// A normal distribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<NormalDelay>,
    /// A log-normal distribution: mostly near the median, with a long tail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lognormal: Option<LognormalDelay>,
    /// A Pareto distribution: a heavy tail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pareto: Option<ParetoDelay>,
    /// The delays below which so large a part lies, as measured: `quantiles = { "0" = "5ms", "0.5" = "20ms", "0.99" = "300ms",
    /// "1" = "2s" }`. Between two of them, every delay is as likely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantiles: Option<BTreeMap<String, Timespan>>,
    /// What is late: the head of the answer (the default), its body behind a head that comes at once, or each of them.
    #[serde(default, skip_serializing_if = "DelayOn::is_headers")]
    pub on: DelayOn,
    /// The longest delay that is drawn from `normal`, `lognormal` or `pareto`; 60 s without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Timespan>,
    /// The part of the attempts that is delayed.
    #[serde(default)]
    pub share: Share,
}

/// What of an answer is late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DelayOn {
    /// The head, and the body with it.
    #[default]
    Headers,
    /// The body: the head comes at once.
    Body,
    /// The head, and once more the body behind it.
    Both,
}

impl DelayOn {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
    fn is_headers(&self) -> bool {
        *self == DelayOn::Headers
    }
}

/// The bounds of a uniform delay.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UniformDelay {
    /// The shortest delay.
    pub from: Timespan,
    /// The longest delay.
    pub to: Timespan,
}

/// The parameters of a normal delay.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormalDelay {
    /// The mean.
    pub mean: Timespan,
    /// The standard deviation.
    pub deviation: Timespan,
}

/// The parameters of a log-normal delay.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LognormalDelay {
    /// The median: half of the delays are shorter.
    pub median: Timespan,
    /// The standard deviation of the delay's natural logarithm; 0.5 puts the 99th percentile at 3.2 medians.
    pub sigma: f64,
}

/// The parameters of a Pareto delay.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParetoDelay {
    /// The shortest delay.
    pub scale: Timespan,
    /// How fast the tail falls; at 1 and below the mean is infinite.
    pub shape: f64,
}

impl Latency {
    fn delay(&self, incoming: &Incoming) -> Duration {
        if let Some(fixed) = self.fixed {
            return fixed.0;
        }
        let mut amounts = incoming.dice.amounts();
        if let Some(quantiles) = &self.quantiles {
            return between(&points(quantiles), amounts.random());
        }
        if let Some(UniformDelay { from, to }) = self.uniform {
            let part: f64 = amounts.random();
            return from.0 + to.saturating_sub(from.0).mul_f64(part);
        }
        let drawn = if let Some(normal) = self.normal {
            let normal = Normal::new(normal.mean.as_secs_f64(), normal.deviation.as_secs_f64());
            normal.map(|normal| normal.sample(&mut amounts)).ok()
        } else if let Some(LognormalDelay { median, sigma }) = self.lognormal {
            // `ln 0` is minus infinity, of which `exp` makes 0 again.
            let lognormal = LogNormal::new(median.as_secs_f64().ln(), sigma);
            lognormal.map(|lognormal| lognormal.sample(&mut amounts)).ok()
        } else if let Some(ParetoDelay { scale, shape }) = self.pareto {
            Pareto::new(scale.as_secs_f64(), shape).map(|pareto| pareto.sample(&mut amounts)).ok()
        } else {
            None
        };
        // Parameters that no distribution has were refused by `problem`: they delay nothing here.
        let seconds = drawn.filter(|seconds| !seconds.is_nan()).unwrap_or(0.0);
        Duration::from_secs_f64(seconds.clamp(0.0, self.max.unwrap_or(MAX).as_secs_f64()))
    }

    fn given(&self) -> Vec<&'static str> {
        let all = [
            ("fixed", self.fixed.is_some()),
            ("uniform", self.uniform.is_some()),
            ("normal", self.normal.is_some()),
            ("lognormal", self.lognormal.is_some()),
            ("pareto", self.pareto.is_some()),
            ("quantiles", self.quantiles.is_some()),
        ];
        all.into_iter().filter_map(|(name, given)| given.then_some(name)).collect()
    }
}

/// The quantiles as numbers, in order.
fn points(quantiles: &BTreeMap<String, Timespan>) -> Vec<(f64, Duration)> {
    let number = |(part, delay): (&String, &Timespan)| Some((part.parse::<f64>().ok()?, delay.0));
    let mut points: Vec<_> = quantiles.iter().filter_map(number).collect();
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    points
}

/// The delay at `part` of a distribution that is straight between its points.
fn between(points: &[(f64, Duration)], part: f64) -> Duration {
    let next = points.partition_point(|(at, _)| *at <= part);
    match (next.checked_sub(1).map(|before| points[before]), points.get(next)) {
        (Some((from, low)), Some((to, high))) => {
            low + high.saturating_sub(low).mul_f64((part - from) / (to - from))
        }
        (Some((_, last)), None) => last,
        (None, first) => first.map_or(Duration::ZERO, |(_, delay)| *delay),
    }
}

fn quantiles_problem(quantiles: &BTreeMap<String, Timespan>) -> Option<String> {
    let is_part = |text: &String| text.parse::<f64>().is_ok_and(|part| (0.0..=1.0).contains(&part));
    if let Some(wrong) = quantiles.keys().find(|part| !is_part(part)) {
        return Some(format!("`{wrong}` is not a quantile: expected a number from 0 to 1, such as `0.99`"));
    }
    let points = points(quantiles);
    if points.first().map(|first| first.0) != Some(0.0) || points.last().map(|last| last.0) != Some(1.0) {
        return Some("`quantiles` needs the shortest delay at `0` and the longest at `1`".into());
    }
    let falls = points.windows(2).find(|pair| pair[1].1 < pair[0].1 || pair[1].0 <= pair[0].0)?;
    Some(format!(
        "`quantiles` falls from {} at {}: a larger part lies below a longer delay",
        Timespan(falls[0].1),
        falls[1].0
    ))
}

impl Fault for Latency {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let delay = self.delay(incoming);
            let wait = Some(delay).filter(|delay| !delay.is_zero());
            let pause = wait.map(|delay| Pace { stall: Some((0, delay)), ..Pace::default() });
            let none = Effect::default();
            match self.on {
                DelayOn::Headers => Effect { wait, ..none },
                DelayOn::Body => Effect { body_pace: pause, ..none },
                DelayOn::Both => Effect { wait, body_pace: pause, ..none },
            }
        })
    }

    fn problem(&self) -> Option<String> {
        let [given] = self.given()[..] else {
            let found = self.given().iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
            let found = if found.is_empty() { "none".to_owned() } else { found };
            return Some(format!(
                "expected one of `fixed`, `uniform`, `normal`, `lognormal`, `pareto` and `quantiles`, found {found}"
            ));
        };
        if let Some(problem) = self.quantiles.as_ref().and_then(quantiles_problem) {
            return Some(problem);
        }
        if self.max.is_some() && matches!(given, "fixed" | "uniform" | "quantiles") {
            return Some(format!(
                "`max` caps `normal`, `lognormal` and `pareto`: `{given}` has an end of its own"
            ));
        }
        if let Some(UniformDelay { from, to }) = self.uniform.filter(|uniform| uniform.from > uniform.to) {
            return Some(format!("`uniform` ends ({to}) before it starts ({from})"));
        }
        if let Some(LognormalDelay { median, sigma }) = self.lognormal
            && (median.is_zero() || !sigma.is_finite() || sigma < 0.0)
        {
            return Some("`lognormal` needs a `median` above zero and a `sigma` of zero or more".into());
        }
        if let Some(ParetoDelay { scale, shape }) = self.pareto
            && (scale.is_zero() || !shape.is_finite() || shape <= 0.0)
        {
            return Some("`pareto` needs a `scale` above zero and a `shape` above zero".into());
        }
        None
    }

    fn outline(&self) -> Option<Outline> {
        let longest = self.max.unwrap_or(MAX).0;
        if self.on == DelayOn::Body {
            return None;
        }
        if let Some(quantiles) = &self.quantiles {
            let points = points(quantiles);
            let (first, last) = (points.first()?.1, points.last()?.1);
            return Some(Outline::of(self.share, Does::Delays(first, last)));
        }
        let (least, most) = match (self.fixed, self.uniform, self.pareto) {
            (Some(fixed), ..) => (fixed.0, fixed.0),
            (_, Some(uniform), _) => (uniform.from.0, uniform.to.0),
            (.., Some(pareto)) => (pareto.scale.0.min(longest), longest),
            _ => (Duration::ZERO, longest),
        };
        Some(Outline::of(self.share, Does::Delays(least, most)))
    }
}

#[cfg(test)]
mod tests {
    use evidence::Tag;
    use rstest::rstest;
    use units::Moment;

    use super::*;
    use crate::fault::Dice;

    fn parsed(text: &str) -> Latency {
        toml::from_str(text).unwrap()
    }

    /// The delays of 10 000 attempts in milliseconds, sorted.
    fn delays(latency: &Latency) -> Vec<f64> {
        let delay = |n| {
            let dice = Dice::of_attempt(3, 0, Tag(n), 1).for_injection(0);
            latency
                .effect(&Incoming { dice, tag: Some(Tag(n)), number: 1, at: Moment::EPOCH })
                .wait
                .unwrap_or_default()
        };
        let mut delays: Vec<f64> = (0..10_000).map(|n| delay(n).as_secs_f64() * 1e3).collect();
        delays.sort_by(f64::total_cmp);
        delays
    }

    /// Expected 10th, 50th and 90th percentile in milliseconds, from the distributions' quantile functions.
    #[rstest]
    #[case("fixed = '50ms'", [50.0, 50.0, 50.0])]
    #[case("uniform = { from = '10ms', to = '20ms' }", [11.0, 15.0, 19.0])]
    #[case("normal = { mean = '100ms', deviation = '10ms' }", [87.2, 100.0, 112.8])]
    #[case("lognormal = { median = '40ms', sigma = 0.5 }", [21.1, 40.0, 75.9])]
    #[case("pareto = { scale = '10ms', shape = 2.0 }", [10.5, 14.1, 31.6])]
    #[case("quantiles = { '0' = '10ms', '0.8' = '50ms', '1' = '150ms' }", [15.0, 35.0, 100.0])]
    fn delays_follow_their_distribution(#[case] text: &str, #[case] expected: [f64; 3]) {
        let latency = parsed(text);
        assert_eq!(latency.problem(), None);
        let delays = delays(&latency);
        for (quantile, expected) in [1000, 5000, 9000].into_iter().zip(expected) {
            let found = delays[quantile];
            assert!((found / expected - 1.0).abs() < 0.05, "{found} ms, expected {expected} ms");
        }
    }

    #[test]
    fn a_heavy_tail_is_cut_at_max() {
        let wild = delays(&parsed("pareto = { scale = '1s', shape = 0.1 }"));
        assert!((wild[9_999] - 60_000.0).abs() < 1e-6, "{}", wild[9_999]);
        let tamed = delays(&parsed("pareto = { scale = '1s', shape = 0.1 }\nmax = '2s'"));
        assert!((tamed[9_999] - 2000.0).abs() < 1e-6, "{}", tamed[9_999]);
    }

    #[test]
    fn half_a_share_delays_half_of_the_attempts() {
        let delayed =
            delays(&parsed("fixed = '1ms'\nshare = 0.5")).iter().filter(|delay| **delay > 0.0).count();
        assert!((4800..5200).contains(&delayed), "{delayed}");
    }

    #[rstest]
    #[case("", "found none")]
    #[case("fixed = '1ms'\nuniform = { from = '1ms', to = '2ms' }", "found `fixed` and `uniform`")]
    #[case("fixed = '1ms'\nmax = '2ms'", "end of its own")]
    #[case("quantiles = { '0' = '1ms', '0.5' = '2ms' }", "the longest at `1`")]
    #[case("quantiles = { '0' = '5ms', '1' = '2ms' }", "falls from 5 ms at 1")]
    #[case("quantiles = { '0' = '5ms', '99' = '2s' }", "`99` is not a quantile")]
    #[case("uniform = { from = '2ms', to = '1ms' }", "before it starts")]
    #[case("lognormal = { median = '0s', sigma = 1.0 }", "above zero")]
    #[case("lognormal = { median = '1s', sigma = nan }", "zero or more")]
    #[case("pareto = { scale = '1s', shape = -1.0 }", "above zero")]
    fn settings_that_make_no_sense_are_refused(#[case] text: &str, #[case] expected: &str) {
        let problem = parsed(text).problem().unwrap();
        assert!(problem.contains(expected), "{problem}");
    }

    #[test]
    fn a_wrong_unit_is_pointed_at() {
        let error = toml::from_str::<Latency>("fixed = '50 parsecs'").unwrap_err();
        assert_eq!(error.span(), Some(8..20));
    }
}
