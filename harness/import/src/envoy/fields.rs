//! Fields of Envoy's messages: by their names in both forms, as times, numbers and percentages.

use std::time::Duration;

use units::Timespan;

pub(super) use crate::message::{Keys, is_harmless, not_a, shown, was_misread, whole};
use crate::note::Note;
use crate::place::Place;
use crate::value::{Value, What};

/// The longest time that is read: of more nobody sees the end.
const LONGEST: Duration = Duration::from_hours(24 * 365);

/// All keys in the form of the documentation, `retry_policy` for `retryPolicy`: protobuf's JSON takes both.
pub(super) fn in_snake_case(value: &mut Value) {
    match &mut value.what {
        What::List(items) => items.iter_mut().for_each(in_snake_case),
        What::Object(entries) => {
            for (key, value) in entries {
                if key.chars().all(char::is_alphanumeric) {
                    *key = snake(key);
                }
                in_snake_case(value);
            }
        }
        _ => {}
    }
}

fn snake(key: &str) -> String {
    let mut made = String::with_capacity(key.len() + 4);
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            made.push('_');
        }
        made.push(letter.to_ascii_lowercase());
    }
    // The one name with a number that begins a word.
    made.replace("consecutive5xx", "consecutive_5xx")
}

/// A time: seconds with an `s` behind (protobuf's JSON).
pub(super) fn time(message: &Value, key: &str, notes: &mut Vec<Note>) -> Option<(Timespan, Place)> {
    let value = message.get(key)?;
    let length = value.text().and_then(timespan);
    if length.is_none() {
        notes.push(not_a(key, value, "a time in seconds, such as `0.25s`"));
    }
    Some((length?, value.place.clone()))
}

fn timespan(text: &str) -> Option<Timespan> {
    let seconds = text.strip_suffix('s')?;
    let is_digit = |letter: char| letter.is_ascii_digit() || letter == '.';
    if seconds.is_empty() || !seconds.chars().all(is_digit) {
        return None;
    }
    let length = Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?;
    // Nine digits behind the point are exact in neither form.
    let length = Duration::from_micros(u64::try_from((length + Duration::from_nanos(500)).as_micros()).ok()?);
    (length <= LONGEST).then_some(Timespan(length))
}

/// A percentage: `{value: 50}`.
pub(super) fn percent(message: &Value, key: &str, notes: &mut Vec<Note>) -> Option<(f64, Place)> {
    let value = message.get(key)?;
    let number =
        value.get("value").map_or(Some(0.0), Value::number).filter(|share| (0.0..=100.0).contains(share));
    if number.is_none() {
        notes.push(not_a(key, value, "a percentage, such as `{value: 50}`"));
    }
    Some((number?, value.place.clone()))
}

pub(super) fn truth(message: &Value, key: &str) -> bool {
    message.get(key).and_then(Value::truth).unwrap_or(false)
}

/// The last part of a type's name: `HttpConnectionManager`.
pub(super) fn type_of(message: &Value) -> &str {
    message.get("@type").and_then(Value::text).and_then(|name| name.rsplit('.').next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_and_nothing_else() {
        let of = |text: &str| timespan(text).map(|length| length.to_string());
        assert_eq!(of("0.25s"), Some("250 ms".into()));
        assert_eq!(of("3s"), Some("3 s".into()));
        assert_eq!(of("0.1s"), Some("100 ms".into()));
        assert_eq!(of("0s"), Some("0 ms".into()));
        for wrong in ["", "s", "250ms", "-1s", "1", "1e3s", "1m", "99999999999999s", "1.2.3s", " 1s"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_are_read_in_both_forms() {
        assert_eq!(snake("retryPolicy"), "retry_policy");
        assert_eq!(snake("enforcingConsecutive5xx"), "enforcing_consecutive_5xx");
        assert_eq!(snake("consecutive5xx"), "consecutive_5xx");
        assert_eq!(snake("http2ProtocolOptions"), "http2_protocol_options");
    }
}
