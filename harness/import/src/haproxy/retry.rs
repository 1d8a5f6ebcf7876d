//! `retries`, `retry-on`, `option redispatch`: when a request is tried again (configuration manual, section 4.2).

use policy::{Retry, RetryOn};

use super::lines::{Line, Word};
use super::methods;
use super::server::not_a;
use super::words::last;
use crate::note::Note;
use crate::place::Place;

/// So many further attempts there are where nothing is said.
const RETRIES: u16 = 3;

/// What `all-retryable-errors` stands for.
const ALL_ERRORS: [&str; 9] = [
    "conn-failure",
    "empty-response",
    "junk-response",
    "response-timeout",
    "0rtt-rejected",
    "500",
    "502",
    "503",
    "504",
];

/// Algorithms by which servers take turns: with `option redispatch` each further attempt goes to the next one.
const IN_TURN: [&str; 3] = ["roundrobin", "static-rr", "random"];

type Keys = Vec<(&'static str, Place)>;

/// The retry, and where each of its keys stands; nothing if nothing is ever tried again.
pub(super) fn read(
    lines: &[&Line],
    head: &Place,
    servers: usize,
    notes: &mut Vec<Note>,
) -> Option<(Retry, Keys)> {
    let mut keys = Keys::new();
    let mut say = |key, place: &Place| keys.push((key, place.clone()));
    let retries = if let Some(word) = last(lines, "retries").and_then(|line| line.words.get(1)) {
        say("retry.attempts", &word.place);
        number(word, notes)?
    } else {
        let words =
            format!("`retries` is not set: HAProxy's own default of {RETRIES} further attempts holds");
        notes.push(Note::choice(head, words));
        RETRIES
    };
    let on = if let Some(line) = last(lines, "retry-on") {
        say("retry.on", &line.place);
        conditions(&line.words[1..], notes)
    } else {
        vec![RetryOn::ConnectFailure]
    };
    if retries == 0 || on.is_empty() {
        return None;
    }
    let (methods, rule) = methods::read(lines, notes);
    let beyond_connecting = on.iter().any(|on| *on != RetryOn::ConnectFailure);
    let at = rule.clone().or_else(|| last(lines, "retry-on").map(|line| line.place.clone()));
    if let Some(place) =
        at.as_ref().filter(|_| beyond_connecting && methods.iter().any(|method| method == "POST"))
    {
        let words =
            "this retry repeats POST as well, also one that the backend has carried out and failed to answer";
        notes.push(
            Note::lint(place, words)
                .help("add `http-request disable-l7-retry unless { method GET HEAD OPTIONS }`"),
        );
    }
    if let Some(rule) = &rule {
        say("retry.methods", rule);
    }
    let other_backend = other_backend(lines, retries, servers, head, notes);
    if let Some(line) = last(lines, "option redispatch") {
        say("retry.other_backend", &line.place);
    }
    if methods.is_empty() {
        let words = "no request is tried again once it was sent: only connections that fail are";
        notes.push(Note::choice(head, words));
        let is_connecting = on.contains(&RetryOn::ConnectFailure);
        let retry =
            Retry { other_backend, ..Retry::new(retries.saturating_add(1), vec![RetryOn::ConnectFailure]) };
        return is_connecting
            .then_some((Retry { methods: methods::ALL.map(String::from).into(), ..retry }, keys));
    }
    Some((Retry { methods, other_backend, ..Retry::new(retries.saturating_add(1), on) }, keys))
}

fn number(word: &Word, notes: &mut Vec<Note>) -> Option<u16> {
    let number = word.text.parse().ok();
    if number.is_none() {
        notes.push(not_a("retries", &word.text, "a number", &word.place));
    }
    number
}

fn conditions(words: &[Word], notes: &mut Vec<Note>) -> Vec<RetryOn> {
    let mut on = Vec::new();
    for word in words {
        let spread: &[&str] =
            if word.text == "all-retryable-errors" { &ALL_ERRORS } else { &[word.text.as_str()] };
        for condition in spread {
            let found = match *condition {
                "conn-failure" => Some(RetryOn::ConnectFailure),
                "empty-response" => Some(RetryOn::Reset),
                "response-timeout" => Some(RetryOn::Timeout),
                "none" => None,
                known @ ("junk-response" | "0rtt-rejected") => {
                    let words =
                        format!("a retry on `{known}` is not rehearsed: the policy has no word for it");
                    notes.push(Note::unrehearsed(&word.place, words));
                    None
                }
                status => {
                    let status = status.parse().ok().filter(|status| (400..=599).contains(status));
                    if status.is_none() {
                        notes.push(not_a(
                            "retry-on",
                            &word.text,
                            "a condition, or a status from 400 to 599",
                            &word.place,
                        ));
                    }
                    status.map(RetryOn::Status)
                }
            };
            on.extend(found.filter(|found| !on.contains(found)));
        }
    }
    on
}

/// Whether a further attempt goes to another server.
fn other_backend(lines: &[&Line], retries: u16, servers: usize, head: &Place, notes: &mut Vec<Note>) -> bool {
    let redispatch = last(lines, "option redispatch").filter(|line| line.word(0) != "no");
    let Some(line) = redispatch else {
        if servers > 1 {
            let words =
                "without `option redispatch`, every further attempt goes to the server that has just failed";
            let place = last(lines, "retries").map_or(head, |line| &line.place);
            notes.push(Note::lint(place, words).help("add `option redispatch`"));
        }
        return false;
    };
    let every = line.word(2) == "1" || retries == 1;
    let algorithm = last(lines, "balance").map_or("roundrobin", |line| line.word(1));
    let in_turn =
        IN_TURN.iter().any(|known| algorithm == *known || algorithm.starts_with(&format!("{known}(")));
    if !every && !in_turn {
        let words = "with this `balance`, `option redispatch` sends only some further attempts to another server: taken as none";
        notes.push(Note::choice(&line.place, words).help("write `option redispatch 1` for all of them"));
    }
    every || in_turn
}
