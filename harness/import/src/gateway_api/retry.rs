//! `retry` of a rule, and times (GEP-1731, GEP-2257).

use std::time::Duration;

use policy::{Backoff, Retry, RetryOn};
use units::Timespan;

use crate::message::{not_a, was_misread, whole};
use crate::note::Note;
use crate::place::Place;
use crate::value::Value;

/// The methods: what may be repeated is left to the gateway, and the specification excepts none.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// A time with its place.
pub(super) fn time(message: &Value, key: &str, notes: &mut Vec<Note>) -> Option<(Timespan, Place)> {
    let value = message.get(key)?;
    let length = value.text().and_then(timespan);
    if length.is_none() {
        notes.push(not_a(key, value, "a time, such as `500ms` or `1m30s`"));
    }
    Some((length?, value.place.clone()))
}

/// Up to four numbers of up to five digits, each with `h`, `m`, `s` or `ms` behind it.
fn timespan(text: &str) -> Option<Timespan> {
    let (mut rest, mut length, mut parts) = (text, Duration::ZERO, 0);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest.get(..digits).filter(|_| (1..=5).contains(&digits))?.parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let millis = match rest.get(..unit)? {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return None,
        };
        rest = &rest[unit..];
        length += Duration::from_millis(number * millis);
        parts += 1;
    }
    (1..=4).contains(&parts).then_some(Timespan(length))
}

/// The retry, with where its keys stand.
pub(super) fn read(
    told: &Value,
    is_timed: bool,
    notes: &mut Vec<Note>,
) -> Option<(Retry, Vec<(&'static str, Place)>)> {
    let since = notes.len();
    let mut keys = vec![("retry", told.place.clone())];
    let Some((attempts, place)) = whole(told, "attempts", 0..=1_000, notes) else {
        let words = "how often it is tried again is left to the gateway: the retry is not rehearsed";
        notes.push(Note::choice(&told.place, words).help("set `attempts`"));
        return None;
    };
    keys.push(("retry.attempts", place));
    let mut on = Vec::new();
    if let Some(codes) = told.get("codes") {
        keys.push(("retry.on", codes.place.clone()));
        for code in codes.items() {
            if let Some(status) = code.whole(400..=599) {
                on.push(RetryOn::Status(status as u16));
            } else {
                notes.push(not_a("codes", code, "statuses from 400 to 599"));
            }
        }
    }
    let words = "connections that fail or break are tried again as well (the specification's SHOULD)";
    notes.push(Note::choice(&told.place, words).help(
        "take `connect-failure`, `reset` and `timeout` out of `policy.retry.on` where the gateway does not",
    ));
    on.extend(
        [RetryOn::ConnectFailure, RetryOn::Reset].into_iter().chain(is_timed.then_some(RetryOn::Timeout)),
    );
    let mut retry = Retry::new(attempts as u16 + 1, on);
    retry.methods = METHODS.map(String::from).into();
    // Which backend comes next is left to the gateway.
    retry.other_backend = false;
    if let Some((base, place)) = time(told, "backoff", notes).filter(|(base, _)| !base.is_zero()) {
        let words = "`backoff` is the shortest wait, and how it grows is left to the gateway: the rehearsal waits as long each time";
        notes.push(Note::choice(&place, words));
        keys.push(("retry.backoff", place));
        retry.backoff = Some(Backoff { base, factor: 1.0, max: None, jitter: false });
    }
    let words =
        "this retry repeats POST as well, also one that the backend has carried out and failed to answer";
    let help = "have a rule of its own for `method: GET`, and the retry in that one only";
    notes.push(Note::lint(&told.place, words).help(help));
    (attempts > 0 && !was_misread(notes, since)).then_some((retry, keys))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_gep_2257() {
        let of = |text: &str| timespan(text).map(|length| length.0.as_millis());
        assert_eq!(of("1h2m3s4ms"), Some(3_723_004));
        assert_eq!(of("0s"), Some(0));
        assert_eq!(of("500ms"), Some(500));
        for wrong in ["", "1", "1.5s", "-1s", "1d", "123456s", "1s1s1s1s1s", "s", "1 s", "é"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
