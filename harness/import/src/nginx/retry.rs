//! `proxy_next_upstream`: when a request is tried at another server (`ngx_http_proxy_module`).

use policy::{Retry, RetryOn};
use units::Timespan;

use super::scope::{Scope, not_a};
use super::upstream::Pool;
use crate::note::Note;
use crate::place::Place;

/// The methods that are tried again in any case, and those that only `non_idempotent` lets be: POST, LOCK and PATCH.
const REPEATED: [&str; 5] = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"];
const NON_IDEMPOTENT: [&str; 2] = ["POST", "PATCH"];

/// From so many servers on, it matters that a request may be tried at all of them.
const MANY: u16 = 3;

/// The statuses that it knows, besides 403 and 404.
const STATUSES: [u16; 5] = [429, 500, 502, 503, 504];

type Keys = Vec<(&'static str, Place)>;

/// What is tried again.
#[derive(Clone, Debug)]
pub(super) struct Conditions {
    pub(super) on: Vec<RetryOn>,
    pub(super) non_idempotent: Option<Place>,
    /// Where they stand; nothing for the defaults.
    pub(super) place: Option<Place>,
}

/// The conditions of a location; none of them where it is `off`.
pub(super) fn conditions(scope: &Scope<'_>, head: &Place, notes: &mut Vec<Note>) -> Conditions {
    let usual = vec![RetryOn::ConnectFailure, RetryOn::Reset, RetryOn::Timeout];
    let Some(line) = scope.last("proxy_next_upstream") else {
        let words = "`proxy_next_upstream` is not set: nginx's own default of `error timeout` holds";
        notes.push(Note::choice(head, words));
        return Conditions { on: usual, non_idempotent: None, place: None };
    };
    let mut made = Conditions { on: Vec::new(), non_idempotent: None, place: Some(line.place.clone()) };
    for word in line.arguments() {
        match word.text.as_str() {
            "error" => made.on.extend([RetryOn::ConnectFailure, RetryOn::Reset]),
            "timeout" => made.on.push(RetryOn::Timeout),
            "non_idempotent" => made.non_idempotent = Some(word.place.clone()),
            "off" => return Conditions { on: Vec::new(), non_idempotent: None, ..made },
            "invalid_header" => {
                let words =
                    "a retry on `invalid_header` is not rehearsed: the policy has no word for a broken head";
                notes.push(Note::unrehearsed(&word.place, words));
            }
            "denied" | "updating" => {
                let words = format!("a retry on `{}` is not rehearsed", word.text);
                notes.push(Note::unrehearsed(&word.place, words));
            }
            other => {
                let status = other.strip_prefix("http_").and_then(|code| code.parse().ok());
                match status.filter(|code| STATUSES.contains(code) || [403, 404].contains(code)) {
                    Some(code) => made.on.push(RetryOn::Status(code)),
                    None => notes.push(not_a("proxy_next_upstream", other, "a condition", &word.place)),
                }
            }
        }
    }
    let mut seen = Vec::new();
    made.on.retain(|on| {
        !seen.contains(on) && {
            seen.push(*on);
            true
        }
    });
    made
}

/// The retry, and where its keys stand; nothing where nothing is ever tried again.
pub(super) fn read(
    scope: &Scope<'_>,
    conditions: &Conditions,
    per_try: Timespan,
    pool: &Pool<'_>,
    head: &Place,
    notes: &mut Vec<Note>,
) -> Option<(Retry, Keys)> {
    let place = conditions.place.as_ref().unwrap_or(head);
    let servers = pool.servers.len() as u16;
    let tries = scope.number("proxy_next_upstream_tries", notes).filter(|(tries, _)| *tries > 0);
    let within = scope.time("proxy_next_upstream_timeout", &mut Vec::new());
    let mut on = conditions.on.clone();
    let mut keys: Keys = conditions.place.iter().map(|place| ("retry.on", place.clone())).collect();
    // Each server is tried at most once.
    let attempts =
        tries.as_ref().map_or(servers, |(tries, _)| servers.min((*tries).min(u32::from(u16::MAX)) as u16));
    let counted = tries.as_ref().map(|(_, place)| place).or(pool.block.map(|block| &block.place));
    keys.extend(counted.map(|place| ("retry.attempts", place.clone())));
    if servers == 1 && conditions.place.is_some() && !on.is_empty() {
        let words = "with one server nothing is tried again: nginx tries each server of an upstream once";
        notes.push(Note::lint(place, words).help("name a second server, or leave `proxy_next_upstream` out"));
    }
    if on.is_empty() || attempts < 2 {
        return None;
    }
    if tries.is_none() && within.is_none() && servers >= MANY {
        let words = format!(
            "neither tries nor time are limited: a request that every server fails at comes to all {servers} of them"
        );
        notes.push(Note::lint(place, words).help("add `proxy_next_upstream_tries 2;`"));
    }
    if let Some((within, at)) = &within {
        limited(*within, at, per_try, &mut on, notes);
    }
    let methods = methods(scope, conditions, place, notes);
    keys.extend(conditions.non_idempotent.iter().map(|at| ("retry.methods", at.clone())));
    let retry = Retry { methods, other_backend: true, ..Retry::new(attempts, on) };
    (!retry.on.is_empty()).then_some((retry, keys))
}

/// `proxy_next_upstream_timeout` cuts no attempt: it only lets no further one begin.
fn limited(within: Timespan, at: &Place, per_try: Timespan, on: &mut Vec<RetryOn>, notes: &mut Vec<Note>) {
    let words = format!(
        "{within} cut no attempt, they only let no further one begin: the policy has no word for that"
    );
    notes.push(Note::unrehearsed(at, words));
    if on.contains(&RetryOn::Timeout) && per_try >= within {
        let words = format!(
            "an attempt may take {per_try}, and after {within} nothing is tried again: no request that runs into the timer ever is"
        );
        notes.push(Note::lint(at, words).help("make it longer than `proxy_read_timeout`"));
        on.retain(|on| *on != RetryOn::Timeout);
    }
}

fn methods(scope: &Scope<'_>, conditions: &Conditions, place: &Place, notes: &mut Vec<Note>) -> Vec<String> {
    let mut methods: Vec<String> = REPEATED.map(String::from).into();
    let buffering = scope.last("proxy_request_buffering").filter(|line| line.argument(1) == "off");
    if let Some(line) = buffering {
        let words =
            "without `proxy_request_buffering`, a request whose body is on its way is not tried again";
        notes.push(Note::lint(&line.place, words).help(
            "buffer bodies where requests may be repeated; to stream them on purpose is a reason to leave this as it is",
        ));
        methods.retain(|method| method != "PUT");
    }
    if let Some(at) = &conditions.non_idempotent {
        let words = "this repeats POST, LOCK and PATCH as well, also those that a server has carried out and failed to answer";
        notes.push(
            Note::lint(at, words).help("leave `non_idempotent` out, unless each of them may arrive twice"),
        );
        if buffering.is_none() {
            methods.extend(NON_IDEMPOTENT.map(String::from));
        }
    }
    if scope.last("proxy_method").is_some() {
        let words = "`proxy_method` changes the method that is sent, and so what may be repeated: taken as if it were not there";
        notes.push(Note::unknown(place, words));
    }
    methods
}
