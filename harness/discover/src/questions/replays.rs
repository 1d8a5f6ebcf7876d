//! Whether a request with a body brings it whole when it is tried again, by the body's size and framing.

use std::collections::BTreeSet;

use evidence::Entry;
use measure::replay_body::{RetriedBodies, WrongBody};
use measure::view::{Sight, View};
use units::Timespan;

use super::outage::RETRIED;
use super::{never_tried_again, tried_again};
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::value::Value;

/// Bodies, by the name under which they are told: some gateways keep small ones only.
const BODIES: [(&str, &str); 4] = [
    ("1KiB", "body = { size = \"1KiB\" }"),
    ("64KiB", "body = { size = \"64KiB\" }"),
    ("1MiB", "body = { size = \"1MiB\" }"),
    ("chunked", "body = { size = \"2KiB\", framing = \"chunked\" }"),
];

/// Methods that bring a body.
const METHODS: [&str; 2] = ["PUT", "POST"];

/// Fewer cases than this tell nothing.
const CASES_MIN: u64 = 3;

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let pairs = RETRIED.iter().flat_map(|failure| METHODS.map(|method| (*failure, method)));
    let Some((failure, method)) =
        pairs.into_iter().find(|(failure, method)| tried_again(profile, failure, method))
    else {
        if never_tried_again(profile, &RETRIED, &METHODS) {
            return Ok(());
        }
        profile.cannot_tell("replay", "no request with a body is known to be tried again", "retries");
        return Ok(());
    };
    let cell = profile.value(&format!("retry.{failure}.{method}"));
    let spared = matches!(cell, Some(Value::Count(low, high)) if low < high);
    let seen = lab.run(&experiment(failure, method))?;
    for (name, _) in BODIES {
        let view = seen.view("failing", Some(&class(name)));
        tell(&view, &format!("replay.{name}"), spared, &seen.name, profile);
    }
    Ok(())
}

fn class(body: &str) -> String {
    body.to_ascii_lowercase()
}

fn experiment(failure: &str, method: &str) -> Experiment {
    let mut one = Experiment::new("replays", 150.0);
    for (name, body) in BODIES {
        one = one.plain(&class(name), method, 3.0).with(body);
    }
    let classes = BODIES.map(|(name, _)| class(name));
    let silent: Vec<&str> = classes.iter().map(String::as_str).collect();
    one = one.calm("before", Timespan::from_secs(1), &silent).phase("failing", Timespan::from_secs(4));
    for class in &classes {
        let place = format!("when = {{ traffic = \"{class}\" }}");
        one = one.fault(&place, &format!("fail_first = {{ attempts = 1, with = \"{failure}\" }}"));
    }
    one
}

/// `spared` says that some requests are not tried again that might be.
fn tell(view: &View<'_>, key: &str, spared: bool, name: &str, profile: &mut Profile) {
    let sound = |entry: &Entry<'_>| view.why_apart(entry, Sight::COUNTS).is_none();
    let failed = |entry: &Entry<'_>| entry.attempts.first().is_some_and(|first| first.injections != 0);
    let failing = view.entries().filter(|entry| sound(entry) && failed(entry));
    let (mut again, mut alone) = (0, 0);
    for entry in failing {
        *(if entry.attempts.len() > 1 { &mut again } else { &mut alone }) += 1;
    }
    let bodies = RetriedBodies::of(view);
    let wrong: BTreeSet<&str> = bodies.wrong.iter().map(|(_, _, wrong)| words(*wrong)).collect();
    if again + alone < CASES_MIN {
        profile.cannot_tell(key, "too few requests failed as planned", name);
    } else if again > 0 && bodies.compared == 0 {
        profile.cannot_tell(key, "no further attempt brought a body that could be compared", name);
    } else if again == 0 && spared {
        profile.cannot_tell(key, "none was tried again, which a budget may have kept from it", name);
    } else if again == 0 {
        profile.know(key, Value::word("not tried again"), alone, name);
    } else if wrong.is_empty() {
        profile.know(key, Value::word("whole"), bodies.compared, name);
    } else {
        profile.know(
            key,
            Value::word(wrong.into_iter().collect::<Vec<_>>().join(" or ")),
            bodies.compared,
            name,
        );
    }
}

fn words(wrong: WrongBody) -> &'static str {
    match wrong {
        WrongBody::Missing => "without its body",
        WrongBody::Short => "cut short",
        WrongBody::Long => "too long",
        WrongBody::Altered => "altered",
        WrongBody::Starved => "announced, and never sent",
    }
}
