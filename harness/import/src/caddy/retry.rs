//! `lb_retries`, `lb_try_duration`, `lb_try_interval`, `lb_retry_match`: when a request is tried again (`tryAgain` of `reverseproxy.go`).

use policy::{Backoff, Retry, RetryOn};
use units::Timespan;

use super::keys::{Keys, number, time};
use crate::note::Note;
use crate::place::Place;
use crate::value::Value;

/// What Caddy waits between attempts where only the time for all of them is set.
const INTERVAL: Timespan = Timespan::from_millis(250);

/// The retry; nothing where nothing is tried again, or not by number. `is_left_alone` if a failed upstream is out at once.
pub(super) fn read(
    handler: &Value,
    per_try: Option<Timespan>,
    is_left_alone: bool,
    head: &Place,
    notes: &mut Vec<Note>,
) -> Option<(Retry, Keys)> {
    let balancing = handler.get("load_balancing");
    let retries = number(balancing, "retries", notes).filter(|(retries, _)| *retries > 0);
    let within = time(balancing, "try_duration", notes);
    let interval = time(balancing, "try_interval", notes);
    let Some((retries, place)) = retries else {
        if let Some((within, at)) = &within {
            let words = format!(
                "further attempts are limited by time only ({within}), and the policy has a word for their number: they are not rehearsed"
            );
            notes.push(
                Note::unrehearsed(at, words).help("add `lb_retries`, which bounds them under load as well"),
            );
        }
        return None;
    };
    let mut keys: Keys = vec![("retry.attempts", place)];
    if let Some((within, at)) = &within {
        limited(*within, at, per_try, notes);
    }
    let (methods, at) = methods(balancing, notes);
    if let Some(at) = &at {
        if methods.iter().any(|method| method == "POST") {
            let words =
                "this repeats POST as well, also one that the upstream has carried out and failed to answer";
            notes.push(Note::lint(at, words).help("name only methods that may arrive twice"));
        }
        keys.push(("retry.methods", at.clone()));
    }
    if !is_left_alone {
        let words = "a further attempt goes to whichever upstream's turn it is, which may be the one that has just failed";
        notes.push(Note::lint(head, words).help("add `fail_duration 10s`: what has failed is left alone"));
    }
    let wait = interval.or_else(|| within.map(|(_, at)| (INTERVAL, at)));
    keys.extend(wait.iter().map(|(_, place)| ("retry.backoff", place.clone())));
    let backoff = wait.map(|(base, _)| Backoff { base, factor: 1.0, max: None, jitter: false });
    let attempts = u16::try_from(retries).unwrap_or(u16::MAX).saturating_add(1);
    let on = vec![RetryOn::ConnectFailure, RetryOn::Reset, RetryOn::Timeout];
    Some((Retry { methods, other_backend: is_left_alone, backoff, ..Retry::new(attempts, on) }, keys))
}

/// `try_duration` cuts no attempt: it only lets no further one begin.
fn limited(within: Timespan, at: &Place, per_try: Option<Timespan>, notes: &mut Vec<Note>) {
    let words = format!(
        "{within} cut no attempt, they only let no further one begin: the policy has no word for that"
    );
    notes.push(Note::unrehearsed(at, words));
    if per_try.is_none_or(|per_try| per_try >= within) {
        let per_try = per_try.map_or("for ever".to_owned(), |per_try| per_try.to_string());
        let words = format!(
            "an attempt may take {per_try}, and after {within} nothing is tried again: no request that runs into the timer ever is"
        );
        notes
            .push(Note::lint(at, words).help("make `lb_try_duration` longer than `response_header_timeout`"));
    }
}

/// The methods that are tried again once the request was sent, and where that is said: GET alone where nothing is.
fn methods(balancing: Option<&Value>, notes: &mut Vec<Note>) -> (Vec<String>, Option<Place>) {
    let usual = vec!["GET".to_owned()];
    let Some(matchers) = balancing.and_then(|one| one.get("retry_match")) else { return (usual, None) };
    let mut methods = Vec::new();
    for set in matchers.items() {
        match set.entries() {
            [(key, named)] if key == "method" => {
                methods.extend(named.items().iter().filter_map(Value::text).map(str::to_owned));
            }
            _ => {
                let words = "this condition on what is tried again is not read: expected methods alone";
                notes.push(Note::unknown(&set.place, words));
            }
        }
    }
    if methods.is_empty() { (usual, None) } else { (methods, Some(matchers.place.clone())) }
}
