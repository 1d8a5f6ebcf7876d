//! Whether a backend that fails is left alone, after how many failures, for how long, and how it gets its traffic back.

use units::Timespan;

use super::outage::{OUTAGE, RATE, Story, outage};
use super::rules;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::value::Value;

/// Failures of which one is in force on the first backend for all requests.
pub(crate) const BREAKING: [(&str, &str); 7] = [
    ("503", "status = { code = 503 }"),
    ("500", "status = { code = 500 }"),
    ("502", "status = { code = 502 }"),
    ("504", "status = { code = 504 }"),
    ("429", "status = { code = 429 }"),
    ("404", "status = { code = 404 }"),
    ("reset", "reset = {}"),
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
    for (failure, fault) in BREAKING {
        let length = if detailed { SHORT } else { OUTAGE };
        let seen = lab.run(&outage(lab, &format!("outage-{failure}"), RATE, length, fault))?;
        let story = Story::of(&seen, lab.victim());
        let key = format!("breaker.opens_on.{failure}");
        let opens = !story.silences.is_empty();
        if opens || story.failures >= FAILURES_MIN {
            profile.know(key, Value::yes(opens), story.failures, &seen.name);
        } else {
            let why = format!("only {} requests failed as planned, which opens few breakers", story.failures);
            profile.cannot_tell(key, why, &seen.name);
        }
        // The first failure that opens it tells the rest.
        if !detailed && !story.silences.is_empty() {
            detailed = true;
            story.tell(profile, &seen.name);
            rules::ask(lab, profile, &seen, &story, fault)?;
        }
    }
    Ok(())
}
