//! What a finding rests on, in figures: estimates with their intervals, what was set aside, the declared policy against
//! the observed one, and what was seen although nobody asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Verdict, Witness};

/// A figure of the gateway, with the interval that the observations leave for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// What it is a figure of: `time until an attempt is given up, orders-a`.
    pub what: String,
    /// The most likely value; absent where only bounds are known.
    pub value: Option<f64>,
    /// The lower end of the interval; without one (minus infinity) it is `null`.
    #[serde(with = "lower")]
    #[schemars(with = "Option<f64>")]
    pub low: f64,
    /// The upper end of the interval; without one (infinity) it is `null`.
    #[serde(with = "upper")]
    #[schemars(with = "Option<f64>")]
    pub high: f64,
    /// The unit: `ms`, `s`, `share` (0 to 1), or a plural such as `attempts`; empty for a bare number.
    pub unit: String,
    /// The confidence of the interval, 0 to 1: 0.95, or 1 where the bounds are certain.
    pub confidence: f64,
}

/// Observations that say nothing about the gateway, and are therefore not held against it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SetAside {
    /// Why: at the edge of a phase, in a stall of the machine, hidden by a refused connection, the client left, lost.
    pub why: String,
    /// How many.
    pub count: u64,
    /// How they ended, by name, with counts.
    #[serde(default)]
    pub ended: Vec<(String, u64)>,
}

/// One key of the declared policy, against what was observed of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyRow {
    /// The key, as in the scenario: `retry.attempts`.
    pub key: String,
    /// What is declared, in the words of the scenario.
    pub declared: String,
    /// What was observed, in words.
    pub observed: String,
    /// What was observed, in figures with their intervals.
    #[serde(default)]
    pub estimates: Vec<Estimate>,
    /// What the evidence says of this key.
    pub verdict: Verdict,
    /// Why the one follows from the other, or why nothing follows.
    pub because: String,
    /// Cases in which a gateway that does otherwise would have shown it.
    #[serde(default)]
    pub exposures: u64,
    /// The line of the scenario file that declares it, from 1.
    #[serde(default)]
    pub line: Option<u32>,
    /// Where the gateway's own configuration declares it, if the scenario was made from one: `policy.xml:12:5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Something that the evidence shows and no expectation asks about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unasked {
    /// The phase in which it was seen.
    pub phase: String,
    /// The traffic class; absent for all.
    #[serde(default)]
    pub traffic: Option<String>,
    /// What was seen, in a sentence that has its count: `24 POST requests were delivered twice`.
    pub what: String,
    /// How often.
    pub count: u64,
    /// A few requests that show it.
    #[serde(default)]
    pub witnesses: Vec<Witness>,
}

/// The lower end of an interval. JSON has no word for infinity, and a bound on one side only is a figure all the same.
mod lower {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a field over by reference")]
    pub(super) fn serialize<S: Serializer>(bound: &f64, to: S) -> Result<S::Ok, S::Error> {
        (*bound > f64::NEG_INFINITY || bound.is_nan()).then_some(*bound).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(from)?.unwrap_or(f64::NEG_INFINITY))
    }
}

/// The upper end of an interval.
mod upper {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a field over by reference")]
    pub(super) fn serialize<S: Serializer>(bound: &f64, to: S) -> Result<S::Ok, S::Error> {
        (*bound < f64::INFINITY || bound.is_nan()).then_some(*bound).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(from)?.unwrap_or(f64::INFINITY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_without_an_end_is_read_back_as_it_was_written() {
        let open = Estimate {
            what: "open time".to_owned(),
            value: None,
            low: f64::NEG_INFINITY,
            high: f64::INFINITY,
            unit: "ms".to_owned(),
            confidence: 0.95,
        };
        let text = serde_json::to_string(&open).expect("it is JSON");
        assert!(text.contains(r#""low":null,"high":null"#), "{text}");
        assert_eq!(serde_json::from_str::<Estimate>(&text).expect("it was written here"), open);
        let closed = Estimate { low: 0.25, high: 1e9, ..open };
        let text = serde_json::to_string(&closed).expect("it is JSON");
        assert_eq!(serde_json::from_str::<Estimate>(&text).expect("it was written here"), closed);
    }
}
