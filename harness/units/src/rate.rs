//! How often something happens: `"500/s"`, `"30/m"`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Events per second, never negative and never infinite.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// `events` a second.
    ///
    /// # Panics
    /// If `events` is negative or not finite: a programming mistake, files are checked while reading.
    pub fn per_second(events: f64) -> Self {
        assert!(events.is_finite() && events >= 0.0, "a rate is a finite number of events");
        Rate(events)
    }

    /// Events a second.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not a rate: expected events per unit of time, such as `500/s` or `30/m`");
        let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
        let count: f64 = count.trim().parse().map_err(|_| wrong())?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong()),
        };
        if !count.is_finite() || count < 0.0 {
            return Err(format!("`{text}` is not a rate: it can't be negative or infinite"));
        }
        Ok(Rate(count / seconds))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:.1}", self.0);
        write!(f, "{}/s", text.trim_end_matches(".0"))
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}/s", self.0))
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Rate;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rate, such as \"500/s\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Rate, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Events per unit of time.",
            "pattern": r"^\s*\d+(\.\d+)?\s*/\s*(s|m|min|h)\s*$",
            "examples": ["500/s", "30/m"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_a_minute_is_kept_a_second() {
        assert_eq!("30/m".parse::<Rate>().unwrap(), Rate::per_second(0.5));
    }

    #[test]
    fn a_negative_rate_and_one_without_a_unit_are_refused() {
        assert!("-5/s".parse::<Rate>().unwrap_err().contains("negative"));
        assert!("500".parse::<Rate>().unwrap_err().contains("`500/s`"));
    }
}
