//! The middleware `retry`: when a request is tried again. Measured with 3.7.

use policy::{Retry, RetryOn};

use super::keys::{Keys, met, not_a, number};
use crate::note::Note;
use crate::value::Value;

/// The methods that are tried again in any case, and those that only `retryNonIdempotentMethod` lets be.
const REPEATED: [&str; 5] = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"];
const NON_IDEMPOTENT: [&str; 2] = ["POST", "PATCH"];

/// Of a range of statuses, those are written out that gateways and servers answer with.
const USUAL: [u16; 7] = [408, 425, 429, 500, 502, 503, 504];

/// The retry, and where its keys stand. Further attempts go to whichever server's turn it is.
pub(super) fn read(middleware: Option<&Value>, notes: &mut Vec<Note>) -> Option<(Retry, Keys)> {
    let object = middleware?;
    let taken = ["attempts", "status", "disableRetryOnNetworkError", "retryNonIdempotentMethod"];
    met(Some(object), "retry", &taken, &[], &["initialInterval", "timeout", "maxRequestBodyBytes"], notes);
    let attempts = number(Some(object), "attempts", notes)?;
    let is_true = |key: &str| object.get(key).and_then(Value::truth).unwrap_or(false);
    let mut on = Vec::new();
    if !is_true("disableRetryOnNetworkError") {
        on.push(RetryOn::ConnectFailure);
    }
    let status = object.get("status");
    for one in status.map_or(&[][..], Value::items) {
        statuses(one, &mut on, notes);
    }
    if attempts.0 < 2 || on.is_empty() {
        return None;
    }
    let mut keys: Keys = vec![("retry.attempts", attempts.1)];
    keys.extend(status.map(|status| ("retry.on", status.place.clone())));
    let mut methods: Vec<String> = REPEATED.map(String::from).into();
    if let Some(at) = object.get("retryNonIdempotentMethod").filter(|_| is_true("retryNonIdempotentMethod")) {
        methods.extend(NON_IDEMPOTENT.map(String::from));
        let words = "this repeats POST, LOCK and PATCH as well, also those that a server has carried out and failed to answer";
        notes.push(Note::lint(&at.place, words).help("leave it out, unless each of them may arrive twice"));
        keys.push(("retry.methods", at.place.clone()));
    }
    let attempts = u16::try_from(attempts.0).unwrap_or(u16::MAX);
    Some((Retry { methods, other_backend: false, ..Retry::new(attempts, on) }, keys))
}

/// `503`, or `500-504`. Traefik answers 502 by itself after a reset and where no connection is made, and 504 after a timeout, and then
/// looks at the status.
fn statuses(value: &Value, on: &mut Vec<RetryOn>, notes: &mut Vec<Note>) {
    let text = value.text().map_or_else(|| value.words(), str::to_owned);
    let (first, last) = text.split_once('-').unwrap_or((&text, &text));
    let bounds = (first.trim().parse::<u16>().ok()).zip(last.trim().parse::<u16>().ok());
    let Some((first, last)) =
        bounds.filter(|(first, last)| first <= last && (400..=599).contains(first) && *last <= 599)
    else {
        return notes.push(not_a("status", value, "a status from 400 to 599, or a range of them"));
    };
    let found: Vec<u16> = if first == last {
        vec![first]
    } else {
        let words =
            format!("of {first} to {last}, the policy names those that gateways and servers answer with");
        notes.push(Note::choice(&value.place, words));
        USUAL.into_iter().filter(|code| (first..=last).contains(code)).collect()
    };
    for code in found {
        let more: &[RetryOn] = match code {
            502 => &[RetryOn::Status(502), RetryOn::Reset, RetryOn::ConnectFailure],
            504 => &[RetryOn::Status(504), RetryOn::Timeout],
            _ => &[RetryOn::Status(code)],
        };
        for one in more {
            if !on.contains(one) {
                on.push(*one);
            }
        }
    }
}
