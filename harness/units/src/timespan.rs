//! Lengths of time with units: `"250ms"`, `"2s"`, `"1h 30m"`.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The units as they may be written, the whole ones first: a part of a nanosecond is no length.
const WHOLE: &str = "nanos|nsec|ns";
const UNITS: &str = "usec|us|µs|millis|msec|ms|seconds|second|secs|sec|s|minutes|minute|mins|min|m|hours|hour|hrs|hr|h|days|day|d|weeks|week|wks|wk|w|months|month|years|year|yrs|yr|y";

/// A length of time, written as a number with a unit (`ns`, `us`, `ms`, `s`, `m`, `h`, `d`).
///
/// A bare number is refused: nobody can see from `5` whether seconds or milliseconds are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timespan(pub Duration);

impl Timespan {
    /// A length of whole milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Timespan(Duration::from_millis(millis))
    }

    /// True if it takes no time.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// A length of whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Timespan(Duration::from_secs(seconds))
    }
}

impl Deref for Timespan {
    type Target = Duration;
    fn deref(&self) -> &Duration {
        &self.0
    }
}

impl From<Duration> for Timespan {
    fn from(length: Duration) -> Self {
        Timespan(length)
    }
}

impl From<Timespan> for Duration {
    fn from(length: Timespan) -> Self {
        length.0
    }
}

impl FromStr for Timespan {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let length = well_formed(text).then(|| humantime::parse_duration(text).ok()).flatten();
        length.map(Timespan).ok_or_else(|| {
            format!("`{text}` is not a length of time: expected a number with a unit, such as `250ms`, `2s` or `1m 30s`")
        })
    }
}

/// Whether the schema's pattern takes it too: what an editor marks must not run. humantime alone would also read `1 5s` as
/// 15 seconds, and `1M` as a month.
fn well_formed(text: &str) -> bool {
    let blank = |letter: char| letter == ' ' || letter == '\t';
    let mut rest = text.trim_matches(blank);
    while !rest.is_empty() {
        let word =
            |text: &str, part: fn(char) -> bool| text.find(|letter| !part(letter)).unwrap_or(text.len());
        let (number, after) = rest.split_at(word(rest, |letter| letter.is_ascii_digit() || letter == '.'));
        let after = after.trim_start_matches(blank);
        let (unit, after) = after.split_at(word(after, char::is_alphabetic));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_one_of = |units: &str| units.split('|').any(|known| known == unit);
        let fits = match number.split_once('.') {
            None => digits(number) && (is_one_of(UNITS) || is_one_of(WHOLE)),
            Some((whole, part)) => digits(whole) && digits(part) && is_one_of(UNITS),
        };
        if !fits {
            return false;
        }
        rest = after.trim_start_matches(blank);
    }
    !text.trim_matches(blank).is_empty()
}

/// Three significant digits in the unit that reads best: `1.25 ms`, `48 µs`, `2 s`.
impl fmt::Display for Timespan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() {
            return f.write_str("0 ms");
        }
        let seconds = self.0.as_secs_f64();
        let (value, unit) = match seconds {
            s if s < 1e-6 => (s * 1e9, "ns"),
            s if s < 1e-3 => (s * 1e6, "µs"),
            s if s < 1.0 => (s * 1e3, "ms"),
            s if s < 300.0 => (s, "s"),
            s => (s / 60.0, "min"),
        };
        let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
        let text = format!("{value:.digits$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        write!(f, "{text} {unit}")
    }
}

impl Serialize for Timespan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_duration(self.0))
    }
}

impl<'de> Deserialize<'de> for Timespan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Timespan;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time with its unit, such as \"250ms\" or \"2s\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timespan, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Timespan {
    fn schema_name() -> Cow<'static, str> {
        "Timespan".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A length of time with its unit.",
            "pattern": format!(r"^[ \t]*((\d+[ \t]*({WHOLE})|\d+(\.\d+)?[ \t]*({UNITS}))[ \t]*)+$"),
            "examples": ["250ms", "2s", "1m 30s"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_length_is_shown_with_three_digits_in_the_unit_that_reads_best() {
        let shown = |nanos| Timespan(Duration::from_nanos(nanos)).to_string();
        assert_eq!(shown(0), "0 ms");
        assert_eq!(shown(48_000), "48 µs");
        assert_eq!(shown(1_250_000), "1.25 ms");
        assert_eq!(shown(100_000_000), "100 ms");
        assert_eq!(shown(2_000_000_000), "2 s");
    }

    #[test]
    fn a_bare_number_is_refused_with_an_example() {
        let error = "5".parse::<Timespan>().unwrap_err();
        assert!(error.contains("`5`") && error.contains("`250ms`"), "{error}");
    }

    #[test]
    fn parts_and_long_names_are_read_and_what_could_be_misread_is_not() {
        let read = |text: &str| text.parse::<Timespan>().ok();
        assert_eq!(read("1.5s"), Some(Timespan::from_millis(1500)));
        assert_eq!(read(" 1 minute 30 seconds"), Some(Timespan::from_secs(90)));
        assert_eq!(read("700 msec"), Some(Timespan::from_millis(700)));
        for text in
            ["", " ", "0", "1 5s", "1M", ".5s", "1.s", "1..5s", "1.5ns", "-1s", "5 parsecs", "1s,2s", "٣s"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(nanos in 0u64..10_000_000_000_000) {
            let length = Timespan(Duration::from_nanos(nanos));
            let json = serde_json::to_string(&length).unwrap();
            prop_assert_eq!(serde_json::from_str::<Timespan>(&json).unwrap(), length);
        }
    }
}
