//! Parts of a whole, from 0 to 1.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

/// A part of a whole, from 0 (none) to 1 (all), both included.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Share(f64);

impl Share {
    /// Nothing of it.
    pub const NONE: Share = Share(0.0);

    /// The whole.
    pub const ALL: Share = Share(1.0);

    /// The share `part`, or nothing if it is not between 0 and 1.
    pub fn new(part: f64) -> Option<Self> {
        (0.0..=1.0).contains(&part).then_some(Share(part))
    }

    /// The number from 0 to 1.
    pub fn get(self) -> f64 {
        self.0
    }

    /// Whether a uniformly drawn 64-bit number falls inside the share.
    pub fn takes(self, drawn: u64) -> bool {
        // 2^53 steps: the finest that an f64 can tell apart evenly.
        ((drawn >> 11) as f64) < self.0 * (1u64 << 53) as f64
    }
}

impl Default for Share {
    fn default() -> Self {
        Share::ALL
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.2}", self.0 * 100.0);
        write!(f, "{} %", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let part = f64::deserialize(deserializer)?;
        Share::new(part).ok_or_else(|| {
            de::Error::custom(format!("`{part}` is not a share: expected a number from 0 to 1"))
        })
    }
}

impl JsonSchema for Share {
    fn schema_name() -> Cow<'static, str> {
        "Share".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0.0, "maximum": 1.0, "description": "A part of a whole, from 0 to 1." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_falls_into_an_empty_share_and_everything_into_the_whole() {
        for drawn in [0, 1, u64::MAX / 2, u64::MAX] {
            assert!(!Share::new(0.0).unwrap().takes(drawn));
            assert!(Share::ALL.takes(drawn));
        }
    }

    #[test]
    fn a_share_over_one_is_refused() {
        assert!(serde_json::from_str::<Share>("1.5").unwrap_err().to_string().contains("from 0 to 1"));
    }
}
