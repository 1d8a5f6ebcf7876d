//! What the client sees where a backend's answer breaks or never comes, what errors tell of what is inside, and whether bodies
//! arrive as they were sent.

use std::collections::BTreeMap;

use evidence::{Entry, Outcome};
use measure::credentials::Disclosures;
use measure::integrity::{Integrity, Violation};
use measure::view::{Sight, View};
use units::Timespan;

use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// What breaks, by the name under which it is told. Each has requests of its own.
const BROKEN: [(&str, &str); 9] = [
    ("reset", "reset = {}"),
    ("close", "close = {}"),
    ("reset_in_head", "reset = { at = \"headers\" }"),
    ("reset_in_body", "reset = { at = \"body\", after = \"64B\" }"),
    ("close_in_body", "close = { at = \"body\", after = \"64B\" }"),
    ("length_too_long", "wrong_length = { longer = \"10B\" }"),
    ("no_last_chunk", "missing_last_chunk = {}"),
    ("bad_chunk", "bad_chunk = {}"),
    ("no_http", "garbage = {}"),
];

/// Requests with a body are sent so often, by the second, to compare what arrives.
const WRITES: f64 = 40.0;

/// Fewer cases than this tell nothing.
const CASES_MIN: u64 = 3;

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let seen = lab.run(&experiment(lab))?;
    for (name, _) in BROKEN {
        tell_end(&seen, name, profile);
    }
    tell_bodies(&seen, profile);
    tell_errors(&seen, profile);
    Ok(())
}

/// Few break among many that do not, so that no breaker that counts in a row or by share hides them.
pub(crate) fn experiment(_: &Lab<'_>) -> Experiment {
    let mut one = Experiment::new("broken-answers", 150.0).traffic("writes", "POST", WRITES);
    let classes: Vec<String> = BROKEN.iter().map(|(name, _)| name.replace('_', "-")).collect();
    for class in &classes {
        one = one.traffic(class, "GET", 1.5).with("headers = { authorization = \"Bearer token-{uuid}\" }");
    }
    let silent: Vec<&str> = classes.iter().map(String::as_str).collect();
    one = one.calm("before", Timespan::from_secs(2), &silent).phase("broken", Timespan::from_secs(6));
    for (class, (_, fault)) in classes.iter().zip(BROKEN) {
        one = one.fault(&format!("when = {{ traffic = \"{class}\" }}"), fault);
    }
    one.calm("after", Timespan::from_secs(1), &silent).search_errors("broken")
}

fn tell_end(seen: &Seen, name: &str, profile: &mut Profile) {
    let key = format!("answers.{name}");
    let view = seen.view("broken", Some(&name.replace('_', "-")));
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    for entry in view.entries().filter(|entry| is_told(&view, entry)) {
        *ends.entry(end(&entry)).or_default() += 1;
    }
    let cases = ends.values().sum();
    if cases < CASES_MIN {
        profile.cannot_tell(key, "too few requests failed as planned", &seen.name);
    } else {
        // What is seen now and then may be missing next time: it is said that it varies, and no more.
        let mut words: Vec<String> = ends.into_keys().collect();
        let word = if words.len() == 1 { words.remove(0) } else { "not always the same".to_owned() };
        profile.know(key, Value::word(word), cases, &seen.name);
    }
}

/// True if every attempt of a request broke as planned.
fn is_told(view: &View<'_>, entry: &Entry<'_>) -> bool {
    !entry.attempts.is_empty()
        && entry.attempts.iter().all(|attempt| attempt.injections != 0)
        && view.why_apart(entry, Sight::COUNTS).is_none()
}

/// What the client saw, in words.
fn end(entry: &Entry<'_>) -> String {
    let exchange = entry.exchange;
    match exchange.outcome {
        Outcome::Complete if exchange.answered_by_backend() => {
            format!("passed on as whole, {}", exchange.status)
        }
        Outcome::Complete => format!("{} by the gateway", exchange.status),
        Outcome::BodyMismatch => "whole, with other bytes".to_owned(),
        Outcome::CloseDelimited => "ended by a close, which looks whole".to_owned(),
        Outcome::EofInBody | Outcome::EofInChunk | Outcome::RstInBody => "broken off".to_owned(),
        Outcome::EofNoStatus | Outcome::RstNoStatus => "connection ended without an answer".to_owned(),
        Outcome::InvalidHttp => "what is no HTTP".to_owned(),
        other => other.to_string().replace('_', " "),
    }
}

/// Whether bytes and tags arrive as they were sent, in requests that meet no fault.
fn tell_bodies(seen: &Seen, profile: &mut Profile) {
    let found = ["before", "broken", "after"].map(|phase| {
        let calm = Integrity::of(&seen.view(phase, Some(crate::experiment::CALM)));
        (calm, Integrity::of(&seen.view(phase, Some("writes"))))
    });
    let sum = |of: &dyn Fn(&Integrity) -> u64| -> u64 {
        found.iter().map(|(calm, writes)| of(calm) + of(writes)).sum()
    };
    let answers = sum(&|one| one.times(Violation::AlteredAnswer) + one.times(Violation::AlteredPart));
    let requests = sum(&|one| one.times(Violation::AlteredRequest));
    let crossed = sum(&|one| one.times(Violation::CrossTalk));
    for (key, wrong, compared) in [
        ("answers.body", answers, sum(&|one| one.answers)),
        ("answers.request_body", requests, sum(&|one| one.bodies)),
    ] {
        if compared < CASES_MIN {
            profile.cannot_tell(key, "no bytes could be compared", &seen.name);
        } else {
            let word = if wrong == 0 { "as it was sent" } else { "altered" };
            profile.know(key, Value::word(word), compared, &seen.name);
        }
    }
    let tags = sum(&|one| one.tags);
    if tags < CASES_MIN {
        let why = "no answer says which request it belongs to: the gateway drops the header that does";
        profile.cannot_tell("answers.of_others", why, &seen.name);
    } else {
        profile.know("answers.of_others", Value::yes(crossed > 0), tags, &seen.name);
    }
}

fn tell_errors(seen: &Seen, profile: &mut Profile) {
    let found = Disclosures::of(&seen.view("broken", None));
    for (key, cases) in [
        ("answers.errors_name_backends", &found.addresses),
        ("answers.errors_echo_credentials", &found.credentials),
    ] {
        if found.searched < CASES_MIN {
            profile.cannot_tell(key, "the gateway made no error with a body", &seen.name);
        } else {
            profile.know(key, Value::yes(cases.count > 0), found.searched, &seen.name);
        }
    }
}
