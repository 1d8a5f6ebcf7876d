//! The longest burst of failures that is allowed: so many requests in a row, or so long a time.

use std::borrow::Cow;
use std::fmt;

use measure::outcomes::Outcomes;
use measure::view::View;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use units::Timespan;
use units::plural::count;

use super::burst_basis;
use crate::claim::Claim;
use crate::estimates;
use crate::forecast::{Forecast, Outlook};

/// The longest burst of failures: a whole number of requests in a row, or a time with a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BurstMax {
    /// So many in a row.
    Requests(u64),
    /// From the first failure to the last one of a burst.
    Time(Timespan),
}

impl BurstMax {
    /// The claim that the longest burst is no longer.
    pub(super) fn claim(self, here: &Outcomes, view: &View<'_>) -> Claim {
        let (burst, all, phase) = (here.burst, here.count(), view.phase_name());
        let expected = format!("no burst of failures is longer than {self}");
        let (low, high) = (Timespan(burst.at_least), Timespan(burst.at_most));
        let length = format!("{} in a row, over {low} to {high}", count(burst.requests, "request"));
        let claim = match self {
            BurstMax::Requests(most) => {
                let longest = burst.requests as f64;
                Claim::on(burst_basis(longest, longest, most as f64, all, most.saturating_add(1)))
                    .estimate(estimates::counted("longest burst of failures", longest, "requests"))
            }
            BurstMax::Time(most) if view.stretch.length() <= *most => {
                let lasted = Timespan(view.stretch.length());
                let why =
                    format!("the window of {lasted} is not longer than the burst of {most} that is allowed");
                return Claim::blind(why, format!("make `{phase}` longer than {most}"))
                    .seen(length, expected);
            }
            BurstMax::Time(most) => {
                let seconds = |length: Timespan| length.as_secs_f64();
                Claim::on(burst_basis(seconds(low), seconds(high), seconds(most), all, 0))
                    .estimate(estimates::millis("longest burst of failures", *low, Some(*low), Some(*high)))
            }
        };
        let began = burst.from.since(view.phase().from);
        claim
            .says(
                format!("the longest burst of failures in `{phase}` was {length}, {self} is allowed"),
                format!("requests failed in a burst in `{phase}`: {length}, {self} is allowed"),
            )
            .because(match burst.requests {
                0 => format!("none of {} failed", count(all, "request")),
                _ => format!("the longest burst began {} after the phase", Timespan(began)),
            })
            .seen(length, expected)
            .remedy("send more requests: a burst is told to no better than the time between two of them")
    }

    pub(super) fn forecast(self, outlook: &Outlook<'_>) -> Option<Forecast> {
        let length = outlook.stretch().length();
        match self {
            BurstMax::Time(most) if length <= *most => Some(Forecast::CannotFail(format!(
                "its window of {} is not longer than {most}",
                Timespan(length)
            ))),
            BurstMax::Requests(most)
                if outlook.requests().is_some_and(|requests| requests <= most as f64) =>
            {
                Some(Forecast::CannotFail(format!("no more than {most} requests are due in its window")))
            }
            _ => None,
        }
    }

    pub(super) fn problem(self) -> Option<String> {
        (self == BurstMax::Requests(0)).then(|| "`burst_max = 0` says what `min = 1` says: set that".into())
    }
}

impl fmt::Display for BurstMax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BurstMax::Requests(most) => f.write_str(&count(*most, "request")),
            BurstMax::Time(most) => most.fmt(f),
        }
    }
}

impl Serialize for BurstMax {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            BurstMax::Requests(most) => most.serialize(serializer),
            BurstMax::Time(most) => most.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for BurstMax {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

struct Reading;

impl de::Visitor<'_> for Reading {
    type Value = BurstMax;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of requests, or a length of time such as `2s`")
    }

    fn visit_u64<E: de::Error>(self, most: u64) -> Result<BurstMax, E> {
        Ok(BurstMax::Requests(most))
    }

    fn visit_i64<E: de::Error>(self, most: i64) -> Result<BurstMax, E> {
        let most = u64::try_from(most);
        most.map(BurstMax::Requests).map_err(|_| E::custom("a burst can't be shorter than nothing"))
    }

    fn visit_str<E: de::Error>(self, most: &str) -> Result<BurstMax, E> {
        most.parse().map(BurstMax::Time).map_err(E::custom)
    }
}

impl JsonSchema for BurstMax {
    fn schema_name() -> Cow<'static, str> {
        "BurstMax".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let time = generator.subschema_for::<Timespan>();
        json_schema!({
            "description": "The longest burst of failures: a whole number of requests in a row, or a time with a unit.",
            "anyOf": [{ "type": "integer", "minimum": 1 }, time]
        })
    }
}
