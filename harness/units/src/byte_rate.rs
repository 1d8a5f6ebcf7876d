//! How fast bytes move: `"10KiB/s"`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Size;

/// Bytes a second, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteRate(u64);

impl ByteRate {
    /// So many bytes a second; `None` of none.
    pub fn per_second(bytes: u64) -> Option<Self> {
        (bytes > 0).then_some(ByteRate(bytes))
    }

    /// Bytes a second.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The bytes that move in `length`, whole ones.
    pub fn bytes_in(self, length: Duration) -> u64 {
        let bytes = u128::from(self.0).saturating_mul(length.as_nanos()) / 1_000_000_000;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// The time in which so many bytes move.
    pub fn time_for(self, bytes: u64) -> Duration {
        let nanos = (u128::from(bytes) * 1_000_000_000).div_ceil(u128::from(self.0));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl FromStr for ByteRate {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let size = text.strip_suffix("/s").and_then(|size| size.trim().parse::<Size>().ok());
        let rate = size.and_then(|size| ByteRate::per_second(size.0));
        rate.ok_or_else(|| {
            format!("`{text}` is not a rate of bytes: expected at least one byte a second, such as `10KiB/s`")
        })
    }
}

impl fmt::Display for ByteRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", Size(self.0))
    }
}

impl Serialize for ByteRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}B/s", self.0))
    }
}

impl<'de> Deserialize<'de> for ByteRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = ByteRate;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a rate of bytes, such as \"10KiB/s\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteRate, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for ByteRate {
    fn schema_name() -> Cow<'static, str> {
        "ByteRate".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "Bytes a second.", "examples": ["10KiB/s", "1MB/s"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_of_bytes_is_read_as_it_is_written() {
        for (text, bytes) in [("10KiB/s", 10_240), ("1MB/s", 1_000_000), ("7B/s", 7), ("512 /s", 512)] {
            let rate: ByteRate = serde_json::from_str(&format!("\"{text}\"")).unwrap();
            assert_eq!(rate.get(), bytes, "{text}");
            assert_eq!(
                serde_json::from_str::<ByteRate>(&serde_json::to_string(&rate).unwrap()).unwrap(),
                rate
            );
        }
        for text in ["10KiB", "0B/s", "-1B/s", "fast", "10/m"] {
            assert!(text.parse::<ByteRate>().unwrap_err().contains("such as `10KiB/s`"), "{text}");
        }
    }

    #[test]
    fn bytes_and_the_time_for_them_fit_together() {
        let rate = ByteRate::per_second(1000).unwrap();
        assert_eq!(rate.bytes_in(Duration::from_millis(1500)), 1500);
        assert_eq!(rate.time_for(1500), Duration::from_millis(1500));
        for bytes in [0, 1, 999, 12_345] {
            assert!(rate.bytes_in(rate.time_for(bytes)) >= bytes);
        }
        assert_eq!(ByteRate(u64::MAX).bytes_in(Duration::MAX), u64::MAX);
    }
}
