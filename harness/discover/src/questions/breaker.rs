//! Whether a backend that fails is left alone, after how many failures, for how long, and how it gets its traffic back.

use units::Timespan;

use super::outage::{OUTAGE, RATE, Story, outage};
use super::{left_alone, probes, rules};
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::value::Value;

/// Failures of which one is in force on the first backend for all requests.
pub(crate) const BREAKING: [(&str, &str); 8] = [
    ("503", "status = { code = 503 }"),
    ("500", "status = { code = 500 }"),
    ("502", "status = { code = 502 }"),
    ("504", "status = { code = 504 }"),
    ("429", "status = { code = 429 }"),
    ("404", "status = { code = 404 }"),
    ("reset", "reset = {}"),
    ("timeout", "hang = {}"),
];

/// How long it is in force once a breaker has been seen, to see only whether a breaker opens: two hundred failures.
const SHORT: Timespan = Timespan::from_secs(3);

/// That a breaker does not open is told from so many failures on.
const FAILURES_MIN: u64 = 50;

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    if lab.backends.len() < 2 {
        let why =
            "with one backend nobody can see that it is left alone and the others are not: give two or more";
        profile.cannot_tell("breaker", why, "outage-503");
        return Ok(());
    }
    let mut detailed = false;
    // Where no timer ends an attempt, none fails by it.
    let timed = matches!(profile.value("timeout.per_try"), Some(Value::Time(..)));
    for (failure, fault) in BREAKING.into_iter().filter(|(failure, _)| timed || *failure != "timeout") {
        let length = if detailed { SHORT } else { OUTAGE };
        let seen = lab.run(&outage(lab, &format!("outage-{failure}"), RATE, length, fault))?;
        let story = Story::of(&seen, lab.victim());
        let key = format!("breaker.opens_on.{failure}");
        let opens = !story.silences.is_empty();
        // A backend that hangs is full where there is a limit, and gets nothing either.
        if failure == "timeout" && !matches!(profile.value("limit.in_flight"), Some(Value::AtLeast(_))) {
            let why = "a limit of the requests under way may keep them from a backend that hangs";
            profile.cannot_tell(key, why, &seen.name);
            continue;
        }
        if opens || story.failures >= FAILURES_MIN {
            profile.know(key, Value::yes(opens), story.failures, &seen.name);
        } else {
            let why = format!("only {} requests failed as planned, which opens few breakers", story.failures);
            profile.cannot_tell(key, why, &seen.name);
        }
        if failure == "503" {
            left_alone::tell_all(&seen, profile);
        }
        // The first failure that opens it tells the rest.
        if !detailed && !story.silences.is_empty() {
            detailed = true;
            story.tell(profile, &seen.name);
            left_alone::tell_shares(&seen, lab, &story, profile);
            rules::ask(lab, profile, &seen, &story, fault)?;
            probes::ask(lab, profile, fault)?;
        }
    }
    if detailed {
        clients_leave(lab, profile)?;
    }
    Ok(())
}

/// Whether clients that leave count as failures of the backend that works for them.
fn clients_leave(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let on = format!("on = [\"{}\"]", lab.backends[lab.victim()].name);
    let one = Experiment::new("outage-clients-leave", 0.0)
        .traffic("leaving", "GET", RATE)
        .leaving(Timespan::from_millis(60))
        .phase("before", Timespan::from_secs(1))
        .phase("outage", SHORT)
        .fault(&on, "latency = { fixed = \"150ms\" }")
        .phase("after", Timespan::from_secs(1));
    let seen = lab.run(&one)?;
    let story = Story::of(&seen, lab.victim());
    let opens = !story.silences.is_empty();
    let key = "breaker.opens_on.clients_leaving";
    if opens || story.failures >= FAILURES_MIN {
        profile.know(key, Value::yes(opens), story.failures, &seen.name);
    } else {
        profile.cannot_tell(key, "too few clients left while the backend worked for them", &seen.name);
    }
    Ok(())
}
