//! Whether a wait that a backend asks for (`Retry-After`, RFC 9110, section 10.2.3) is kept before a further attempt.

use std::time::Duration;

use measure::view::Sight;
use units::Timespan;

use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::value::Value;

/// The wait that is asked for.
const ASKED: Duration = Duration::from_secs(1);

/// Statuses that come with such a wait.
const STATUSES: [&str; 2] = ["429", "503"];

/// Fewer cases than this tell nothing.
const CASES_MIN: usize = 3;

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    for status in STATUSES {
        let tried_again = match profile.value(&format!("retry.{status}.GET")) {
            Some(Value::Count(_, high)) => *high > 1,
            Some(Value::AtLeast(least)) => *least > 1,
            _ => false,
        };
        if tried_again {
            let experiment = experiment(status);
            let seen = lab.run(&experiment)?;
            let view = seen.view("asked", Some("get"));
            let (mut waits, mut alone) = (Vec::new(), 0);
            for entry in view.entries().filter(|entry| view.why_apart(entry, Sight::COUNTS).is_none()) {
                match entry.attempts.get(..2) {
                    Some([first, second]) => waits.push(second.arrived.since(first.ended)),
                    _ => alone += 1,
                }
            }
            let key = format!("retry.retry_after.{status}");
            let kept = |wait: &&Duration| **wait >= ASKED;
            let kept = waits.iter().filter(kept).count();
            if waits.len().max(alone) < CASES_MIN {
                profile.cannot_tell(key, "too few requests failed as planned", &seen.name);
            } else if waits.len() < CASES_MIN {
                profile.know(key, Value::word("gives up"), alone as u64, &seen.name);
            } else {
                let word = match kept {
                    0 => "ignored",
                    all if all == waits.len() => "kept",
                    _ => "kept at times",
                };
                profile.know(key, Value::word(word), waits.len() as u64, &seen.name);
            }
        }
    }
    Ok(())
}

fn experiment(status: &str) -> Experiment {
    let seconds = ASKED.as_secs();
    Experiment::new(format!("retry-after-{status}"), 150.0)
        .traffic("get", "GET", 3.0)
        .calm("before", Timespan::from_secs(1), &["get"])
        .phase("asked", Timespan::from_secs(3))
        .fault(
            "when = { traffic = \"get\" }",
            &format!("status = {{ code = {status}, headers = {{ retry-after = \"{seconds}\" }} }}"),
        )
}
