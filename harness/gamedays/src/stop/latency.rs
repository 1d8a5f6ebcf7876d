//! The stop condition `latency`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::error_share::at_least;
use super::over::{exposure_problem, stretch_problem};
use super::{Cast, Look, Reading, Stop, Watch};

/// Answers take too long.
///
/// # What it watches
/// The response times of a run's exchanges that were over in the last `over`: the `p` in 100 of them that were fastest have to be
/// over within `above`. They count from when a request was due, so that a queue in front of the gateway is seen. An exchange is
/// seen when it is over: one that hangs, at its client's `deadline`.
///
/// # When it can't tell
/// While fewer than `at_least` exchanges were over in that time. `check` refuses a condition for which no run sends as many.
///
/// # Example
/// `latency = { p = 99, above = "2s", over = "10s" }`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The percentile, such as 50 or 99.
    pub p: f64,
    /// The time above which the day ends.
    pub above: Timespan,
    /// How far back it looks, from 1 s to 60 s.
    pub over: Timespan,
    /// The traffic class. Without it: all traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<String>,
    /// How many exchanges have to be over. Without it: 20.
    #[serde(default = "at_least")]
    pub at_least: u64,
}

impl Stop for Latency {
    fn problem(&self, cast: &Cast<'_>) -> Option<String> {
        let wrong = (!(self.p > 0.0 && self.p < 100.0))
            .then(|| format!("`p` is {}, allowed are percentiles above 0 and below 100", self.p));
        wrong
            .or_else(|| stretch_problem(self.over))
            .or_else(|| exposure_problem(cast, self.traffic.as_deref(), self.over, self.at_least))
    }

    fn words(&self) -> String {
        let of = self.traffic.as_deref().map(|traffic| format!(" of `{traffic}`")).unwrap_or_default();
        format!("the p{} of response times{of} is above {} over {}", self.p, self.above, self.over)
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(self.clone())
    }
}

impl Watch for Latency {
    fn look(&mut self, look: &Look<'_>) -> Reading {
        let readings = look.runs.iter().filter_map(|run| {
            let counted = run.tally.window(run.now?, self.over.0, self.traffic.as_deref());
            let found = counted.quantile(self.p / 100.0).filter(|_| counted.over >= self.at_least);
            let Some(found) = found else {
                return Some(Reading::unknown(format!("{} of {} exchanges", counted.over, self.at_least)));
            };
            let words = format!("p{} is {} of {} exchanges", self.p, Timespan(found), counted.over);
            Some(Reading::of(words, found.as_secs_f64(), self.above.as_secs_f64()))
        });
        Reading::worst(readings).unwrap_or_else(|| Reading::unknown("no traffic yet"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::look_at;
    use super::*;
    use crate::tally::testing::{answered, exchange};

    #[test]
    fn it_is_met_when_the_percentile_is_above_its_bound() {
        let mut condition: Latency = toml::from_str("p = 90\nabove = \"100ms\"\nover = \"5s\"").unwrap();
        let tally = answered(10, 10, |_| 200);
        assert!(!look_at(&mut condition, &tally, 9_999).met);
        (0..10).for_each(|number| tally.note(&exchange(9_000 + number, 500, 200)));
        let reading = look_at(&mut condition, &tally, 9_999);
        assert!(reading.met && reading.value.starts_with("p90 is 5"), "{reading:?}");
        let few = answered(1, 10, |_| 200);
        assert!(look_at(&mut condition, &few, 999).nearness.is_none());
    }
}
