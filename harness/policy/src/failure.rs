//! What counts as a failure of a backend.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::retry::RetryOn;

/// A failure of a backend, as breakers count them: `5xx`, `429` or another status, `timeout`, `reset`,
/// `connect-failure`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FailureClass {
    /// Every status of a hundred: 5 for 500 to 599.
    Statuses(u16),
    /// One of the failures that retries are made for.
    One(RetryOn),
}

impl FailureClass {
    /// What counts where nothing is said.
    pub const USUAL: [FailureClass; 4] = [
        FailureClass::Statuses(5),
        FailureClass::One(RetryOn::Timeout),
        FailureClass::One(RetryOn::Reset),
        FailureClass::One(RetryOn::ConnectFailure),
    ];

    /// True if an answer with this status is such a failure.
    pub fn takes_status(self, status: u16) -> bool {
        match self {
            FailureClass::Statuses(hundred) => status / 100 == hundred,
            FailureClass::One(RetryOn::Status(one)) => status == one,
            FailureClass::One(_) => false,
        }
    }
}

impl FromStr for FailureClass {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "4xx" => Ok(FailureClass::Statuses(4)),
            "5xx" => Ok(FailureClass::Statuses(5)),
            other => other.parse().map(FailureClass::One).map_err(|_: String| {
                format!(
                    "`{text}` is not a failure of a backend: expected `5xx`, `4xx`, `timeout`, `reset`, `connect-failure`, or a status from 400 to 599"
                )
            }),
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FailureClass::Statuses(hundred) => write!(f, "{hundred}xx"),
            FailureClass::One(failure) => failure.fmt(f),
        }
    }
}

impl Serialize for FailureClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FailureClass {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for FailureClass {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FailureClass".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A failure of a backend.",
            "anyOf": [
                { "enum": ["5xx", "4xx", "timeout", "reset", "connect-failure"] },
                { "type": "string", "pattern": "^[45][0-9][0-9]$" }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_of_statuses_takes_each_of_its_hundred() {
        let class: FailureClass = "5xx".parse().unwrap();
        assert!(class.takes_status(500) && class.takes_status(599) && !class.takes_status(429));
        assert!("429".parse::<FailureClass>().unwrap().takes_status(429));
        assert!(!"timeout".parse::<FailureClass>().unwrap().takes_status(504));
        assert!("6xx".parse::<FailureClass>().unwrap_err().contains("`6xx` is not a failure"));
    }
}
