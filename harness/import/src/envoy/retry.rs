//! `retry_policy`: when a request is tried again (docs: "Router", `x-envoy-retry-on`; `route_components.proto`, `RetryPolicy`).

use policy::{Backoff, Retry, RetryAfter, RetryOn};
use units::Timespan;

use super::fields::{shown, time, type_of, was_misread, whole};
use super::keys::RETRY;
use crate::note::Note;
use crate::place::Place;
use crate::value::Value;

/// So many further attempts there are where nothing is said (`RetryPolicy.num_retries`).
const RETRIES: u32 = 1;

/// The wait before the first of them, drawn evenly from zero, and how much longer than that a later one may be
/// (`RetryPolicy.RetryBackOff`).
const BASE: Timespan = Timespan::from_millis(25);
const LONGEST: u32 = 10;

/// How often a host is chosen anew where the one that was found has failed already, and nothing is said.
const CHOICES: u32 = 1;

/// From here on, a host is chosen anew so often that another one is found where there is one, whichever way it is chosen.
const CHOICES_ENOUGH: u32 = 10;

/// Of the statuses from 500 on, those that gateways and backends answer with.
const SERVER_ERRORS: [u16; 4] = [500, 502, 503, 504];

/// Conditions that only HTTP/2, HTTP/3 or gRPC have, or that ask for a header.
const OTHERS: [&str; 10] = [
    "cancelled",
    "deadline-exceeded",
    "envoy-ratelimited",
    "http3-post-connect-failure",
    "internal",
    "refused-stream",
    "reset-before-request",
    "resource-exhausted",
    "retriable-headers",
    "unavailable",
];

/// A retry, with where each of its keys stands, and which of them are defaults.
#[derive(Debug)]
pub(super) struct Retrying {
    pub(super) retry: Retry,
    pub(super) keys: Vec<(&'static str, Place)>,
    pub(super) defaults: Vec<(&'static str, &'static str)>,
}

/// What the policy says of the timer for an attempt, and of further attempts; the latter for `methods`.
pub(super) fn read(
    policy: &Value,
    is_timed: bool,
    takes_turns: bool,
    methods: &[&str],
    notes: &mut Vec<Note>,
) -> Option<Retrying> {
    RETRY.tell(policy, notes);
    let since = notes.len();
    let (mut keys, mut defaults) = (Vec::new(), Vec::new());
    let retries = whole(policy, "num_retries", 0..=1_000, notes);
    let Some(on) = policy.get("retry_on") else {
        if let Some((_, place)) = retries {
            let words = "without `retry_on` nothing is ever tried again";
            notes.push(
                Note::lint(&place, words).help("add `retry_on: connect-failure,reset`, or what is meant"),
            );
        }
        return None;
    };
    let restricted = ["retriable_request_headers"].iter().find_map(|key| policy.get(key));
    if let Some(restricted) = restricted {
        let words = "only some requests are tried again, by their headers: the retry is left out";
        notes.push(Note::unrehearsed(&restricted.place, words));
        return None;
    }
    let conditions = conditions(on, policy, is_timed, notes);
    keys.push(("retry.on", on.place.clone()));
    let retries = if let Some((retries, place)) = retries {
        keys.push(("retry.attempts", place));
        retries
    } else {
        defaults.push(("retry.attempts", "`RetryPolicy.num_retries` is 1"));
        RETRIES
    };
    if retries == 0 || conditions.is_empty() {
        return None;
    }
    let mut retry = Retry::new(retries as u16 + 1, conditions);
    retry.methods = methods.iter().map(|method| (*method).to_owned()).collect();
    retry.other_backend = other_backend(policy, takes_turns, notes);
    keys.extend(policy.get("retry_host_predicate").map(|one| ("retry.other_backend", one.place.clone())));
    let (backoff, place) = backoff(policy, notes);
    if let Some(place) = place {
        keys.push(("retry.backoff", place));
    } else {
        defaults.push(("retry.backoff", "`RetryPolicy.retry_back_off` is 25 ms and up to 250 ms"));
    }
    retry.backoff = Some(backoff);
    if let Some((asked, place)) = retry_after(policy, notes) {
        keys.push(("retry.retry_after", place));
        retry.retry_after = Some(asked);
    }
    let beyond_connecting = retry.on.iter().any(|on| *on != RetryOn::ConnectFailure);
    if beyond_connecting && methods.contains(&"POST") {
        let words =
            "this retry repeats POST as well, also one that the backend has carried out and failed to answer";
        let help = "have two routes, of which only the one for `:method` GET and HEAD has a `retry_policy`";
        notes.push(Note::lint(&on.place, words).help(help));
    }
    (!was_misread(notes, since)).then_some(Retrying { retry, keys, defaults })
}

/// The words of `retry_on`.
fn conditions(on: &Value, policy: &Value, is_timed: bool, notes: &mut Vec<Note>) -> Vec<RetryOn> {
    let mut found = Vec::new();
    let text = on.text().unwrap_or_default();
    // All that ends an attempt without an answer; there is no timeout where nothing times it.
    let unanswered = || {
        let timeout = is_timed.then_some(RetryOn::Timeout);
        [RetryOn::ConnectFailure, RetryOn::Reset].into_iter().chain(timeout)
    };
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word {
            "5xx" => {
                found.extend(SERVER_ERRORS.map(RetryOn::Status));
                found.extend(unanswered());
                let words = "`5xx` is every status from 500 on: the scenario has 500, 502, 503 and 504";
                notes.push(Note::choice(&on.place, words).help("add others to `policy.retry.on`"));
            }
            "gateway-error" => {
                found.extend([502, 503, 504].map(RetryOn::Status));
                found.extend(unanswered());
            }
            "reset" => found.extend(unanswered()),
            "connect-failure" => found.push(RetryOn::ConnectFailure),
            "retriable-4xx" => found.push(RetryOn::Status(409)),
            "retriable-status-codes" => found.extend(statuses(policy, notes)),
            known if OTHERS.contains(&known) => {
                let words = format!("a retry on `{known}` is not rehearsed: the policy has no word for it");
                notes.push(Note::unrehearsed(&on.place, words));
            }
            other => {
                let words = format!("`{}` is no condition that Envoy knows: it passes over it", shown(other));
                notes.push(Note::lint(&on.place, words));
            }
        }
    }
    let mut once: Vec<RetryOn> = Vec::new();
    for condition in found {
        if !once.contains(&condition) {
            once.push(condition);
        }
    }
    once
}

fn statuses(policy: &Value, notes: &mut Vec<Note>) -> Vec<RetryOn> {
    let mut found = Vec::new();
    for code in policy.get("retriable_status_codes").map(Value::items).unwrap_or_default() {
        if let Some(status) = code.whole(400..=599) {
            found.push(RetryOn::Status(status as u16));
        } else {
            let words =
                format!("a retry on {} is not rehearsed: expected a status from 400 to 599", code.words());
            notes.push(Note::unrehearsed(&code.place, words));
        }
    }
    found
}

/// Whether a further attempt goes to another host.
fn other_backend(policy: &Value, takes_turns: bool, notes: &mut Vec<Note>) -> bool {
    let predicates = policy.get("retry_host_predicate");
    let is_previous_hosts = |one: &Value| {
        one.get("typed_config").is_some_and(|config| type_of(config) == "PreviousHostsPredicate")
            || one.get("name").and_then(Value::text) == Some("envoy.retry_host_predicates.previous_hosts")
    };
    let Some(predicates) = predicates.filter(|all| all.items().iter().any(is_previous_hosts)) else {
        return false;
    };
    let choices = whole(policy, "host_selection_retry_max_attempts", 0..=u32::MAX, notes)
        .map_or(CHOICES, |(choices, _)| choices);
    if choices >= CHOICES_ENOUGH || takes_turns && choices >= 1 {
        return true;
    }
    let words = format!(
        "with `host_selection_retry_max_attempts` at {choices}, a host that has failed may be chosen again: taken as any host"
    );
    notes.push(Note::choice(&predicates.place, words).help(format!("set it to {CHOICES_ENOUGH} or more")));
    false
}

/// The waits: full jitter, twice as long each time.
fn backoff(policy: &Value, notes: &mut Vec<Note>) -> (Backoff, Option<Place>) {
    let of = |base: Timespan, max: Timespan| Backoff { base, factor: 2.0, max: Some(max), jitter: true };
    let usual = of(BASE, longest(BASE));
    let Some(told) = policy.get("retry_back_off") else { return (usual, None) };
    let base = time(told, "base_interval", notes).map_or(BASE, |(base, _)| base);
    // Envoy takes no less than 1 ms.
    let base = base.max(Timespan::from_millis(1));
    let max = time(told, "max_interval", notes).map_or_else(|| longest(base), |(max, _)| max.max(base));
    (of(base, max), Some(told.place.clone()))
}

fn longest(base: Timespan) -> Timespan {
    Timespan(base.0.saturating_mul(LONGEST))
}

/// Whether a header of the answer sets the wait; only `Retry-After` in seconds has a word in the policy.
fn retry_after(policy: &Value, notes: &mut Vec<Note>) -> Option<(RetryAfter, Place)> {
    let told = policy.get("rate_limited_retry_back_off")?;
    let headers = told.get("reset_headers").map(Value::items).unwrap_or_default();
    let text = |header: &Value, key| header.get(key).and_then(Value::text).unwrap_or_default().to_owned();
    let is_retry_after = |header: &Value| {
        text(header, "name").eq_ignore_ascii_case("retry-after") && text(header, "format") != "UNIX_TIMESTAMP"
    };
    let (asked, others): (Vec<&Value>, Vec<&Value>) =
        headers.iter().partition(|header| is_retry_after(header));
    for other in others {
        notes.push(Note::unrehearsed(
            &other.place,
            "only `retry-after` in seconds is rehearsed as a wait that is asked for",
        ));
    }
    asked.first()?;
    let words = "a `retry-after` above `max_interval` (300 s where nothing is said) is passed over, which the policy has no word for";
    notes.push(Note::choice(&told.place, words));
    Some((RetryAfter { max: None }, told.place.clone()))
}
