//! The stop condition `error_share`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Timespan};

use super::over::{AT_LEAST, exposure_problem, stretch_problem};
use super::{Cast, Look, Reading, Stop, Watch};

/// Too many exchanges fail.
///
/// # What it watches
/// The exchanges of a run that were over in the last `over`: those without a whole response, and those with a status of 400 and
/// above, against all. Failures that the scenario plans count as well, because clients would see them too; clients that leave
/// because the scenario says so do not. Each run is watched by itself.
///
/// # When it can't tell
/// While fewer than `at_least` exchanges were over in that time. `check` refuses a condition for which no run sends as many.
///
/// # Example
/// `error_share = { above = 0.2, over = "10s", traffic = "reads" }`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorShare {
    /// The share above which the day ends, from 0 to 1.
    pub above: Share,
    /// How far back it looks, from 1 s to 60 s.
    pub over: Timespan,
    /// The traffic class. Without it: all traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<String>,
    /// How many exchanges have to be over. Without it: 20.
    #[serde(default = "at_least")]
    pub at_least: u64,
}

pub(super) fn at_least() -> u64 {
    AT_LEAST
}

impl Stop for ErrorShare {
    fn problem(&self, cast: &Cast<'_>) -> Option<String> {
        let never = (self.above == Share::ALL).then(|| "no share is above 1".to_owned());
        never
            .or_else(|| stretch_problem(self.over))
            .or_else(|| exposure_problem(cast, self.traffic.as_deref(), self.over, self.at_least))
    }

    fn words(&self) -> String {
        let of = self.traffic.as_deref().map(|traffic| format!(" of `{traffic}`")).unwrap_or_default();
        format!("more than {} % of exchanges{of} fail over {}", percent(self.above.get()), self.over)
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(self.clone())
    }
}

impl Watch for ErrorShare {
    fn look(&mut self, look: &Look<'_>) -> Reading {
        let readings = look.runs.iter().filter_map(|run| {
            let counted = run.tally.window(run.now?, self.over.0, self.traffic.as_deref());
            if counted.over < self.at_least {
                return Some(Reading::unknown(format!("{} of {} exchanges", counted.over, self.at_least)));
            }
            let share = counted.failed as f64 / counted.over as f64;
            let words =
                format!("{} of {} exchanges failed, {} %", counted.failed, counted.over, percent(share));
            Some(Reading::of(words, share, self.above.get()))
        });
        Reading::worst(readings).unwrap_or_else(|| Reading::unknown("no traffic yet"))
    }
}

/// A share in hundredths, as people write it.
fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::testing::look_at;
    use super::*;
    use crate::tally::testing::answered;

    fn condition(text: &str) -> ErrorShare {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn it_is_met_above_its_share_and_not_at_it() {
        let fifth = answered(10, 10, |number| if number % 5 == 0 { 503 } else { 200 });
        let mut condition = condition("above = 0.2\nover = \"5s\"");
        let reading = look_at(&mut condition, &fifth, 9_999);
        assert_eq!((reading.met, reading.nearness), (false, Some(1.0)), "{reading:?}");
        let more = answered(10, 10, |number| if number % 4 == 0 { 503 } else { 200 });
        let reading = look_at(&mut condition, &more, 9_999);
        assert!(reading.met && reading.value == "15 of 60 exchanges failed, 25 %", "{reading:?}");
    }

    #[test]
    fn too_few_exchanges_and_those_of_another_class_say_nothing() {
        let few = answered(2, 5, |_| 503);
        let mut all = condition("above = 0.2\nover = \"5s\"");
        assert_eq!(look_at(&mut all, &few, 1_999), Reading::unknown("10 of 20 exchanges"));
        let mut writes = condition("above = 0.2\nover = \"5s\"\ntraffic = \"writes\"\nat_least = 1");
        assert!(!look_at(&mut writes, &few, 1_999).met);
    }

    #[test]
    fn the_words_say_what_ends_the_day() {
        let condition = condition("above = 0.125\nover = \"10s\"\ntraffic = \"reads\"");
        assert_eq!(condition.words(), "more than 12.5 % of exchanges of `reads` fail over 10 s");
    }
}
