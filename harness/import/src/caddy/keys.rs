//! Which settings of a `reverse_proxy` are understood, and what is said of the others.

use units::Timespan;

use crate::go;
use crate::note::Note;
use crate::place::Place;
use crate::value::{Value, What};

/// A key of the policy, and where it is declared.
pub(super) type Keys = Vec<(&'static str, Place)>;

/// What is read of each object.
const TAKEN: &[(&str, &[&str])] = &[
    ("", &["handler", "upstreams", "load_balancing", "health_checks", "transport"]),
    ("upstreams", &["dial", "max_requests"]),
    ("load_balancing", &["selection_policy", "retries", "try_interval", "try_duration", "retry_match"]),
    ("health_checks", &["active", "passive"]),
    (
        "health_checks.active",
        &["path", "uri", "interval", "timeout", "passes", "fails", "expect_status", "method"],
    ),
    ("health_checks.passive", &["fail_duration", "max_fails", "unhealthy_status"]),
    ("transport", &["protocol", "dial_timeout", "response_header_timeout", "keep_alive"]),
];

/// What has no part in what happens when upstreams fail.
const NO_MATTER: &[(&str, &[&str])] = &[
    ("", &["headers", "trusted_proxies", "verbose_logs", "stream_logs"]),
    ("health_checks.active", &["headers", "max_size"]),
    (
        "transport",
        &["compression", "resolver", "dial_fallback_delay", "versions", "max_response_header_size"],
    ),
];

/// What has one that is not rehearsed. Keys beside these and those above are not known.
const UNREHEARSED: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "circuit_breaker",
            "dynamic_upstreams",
            "flush_interval",
            "handle_response",
            "request_buffers",
            "response_buffers",
            "rewrite",
            "stream_timeout",
            "stream_close_delay",
            "stream_buffer_size",
        ],
    ),
    ("health_checks.active", &["port", "upstream", "expect_body", "follow_redirects", "body"]),
    ("health_checks.passive", &["unhealthy_latency", "unhealthy_request_count"]),
    (
        "transport",
        &[
            "expect_continue_timeout",
            "forward_proxy_url",
            "local_address",
            "max_conns_per_host",
            "network_proxy",
            "proxy_protocol",
            "read_buffer_size",
            "read_timeout",
            "tls",
            "write_buffer_size",
            "write_timeout",
        ],
    ),
];

fn is_in(list: &[(&str, &[&str])], at: &str, key: &str) -> bool {
    list.iter().any(|(object, keys)| *object == at && keys.contains(&key))
}

/// Tells what is not taken over of a handler.
pub(super) fn met(handler: &Value, notes: &mut Vec<Note>) {
    of_object(handler, "", notes);
    for upstream in handler.get("upstreams").map_or(&[][..], Value::items) {
        of_object(upstream, "upstreams", notes);
    }
    for path in
        ["load_balancing", "health_checks", "transport", "health_checks.active", "health_checks.passive"]
    {
        let keys: Vec<&str> = path.split('.').collect();
        if let Some(object) = handler.at(&keys) {
            of_object(object, path, notes);
        }
    }
}

fn of_object(object: &Value, at: &str, notes: &mut Vec<Note>) {
    for (key, value) in object.entries() {
        let name = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        let name: String = name.chars().take(80).collect();
        let name = name.escape_debug();
        if is_in(TAKEN, at, key) || is_in(NO_MATTER, at, key) {
        } else if is_in(UNREHEARSED, at, key) {
            notes.push(Note::unrehearsed(&value.place, format!("`{name}` is not rehearsed")));
        } else {
            notes.push(Note::unknown(&value.place, format!("`{name}` is not read")));
        }
    }
}

/// A time: nanoseconds, or a text such as `5s`. Nothing where there is none; told where it is none.
pub(super) fn time(object: Option<&Value>, key: &str, notes: &mut Vec<Note>) -> Option<(Timespan, Place)> {
    let value = object?.get(key)?;
    let length = match &value.what {
        What::Number(number) => go::nanos(*number),
        What::Text(text) => go::timespan(text),
        _ => None,
    };
    if length.is_none() {
        notes.push(not_a(key, value, "a time such as `5s`, or nanoseconds"));
    }
    Some((length.filter(|length| !length.is_zero())?, value.place.clone()))
}

/// A whole number; told where it is none.
pub(super) fn number(object: Option<&Value>, key: &str, notes: &mut Vec<Note>) -> Option<(u32, Place)> {
    let value = object?.get(key)?;
    let number = value.whole(0..=u32::MAX);
    if number.is_none() {
        notes.push(not_a(key, value, "a whole number"));
    }
    Some((number?, value.place.clone()))
}

pub(super) fn not_a(key: &str, value: &Value, expected: &str) -> Note {
    Note::unknown(&value.place, format!("`{key}` is {}: expected {expected}", value.words()))
}
