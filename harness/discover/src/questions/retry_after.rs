//! Whether a wait that a backend asks for (`Retry-After`, RFC 9110, section 10.2.3) is kept before a further attempt: one in seconds,
//! one until a date, and one that is longer than the request may take.

use std::time::Duration;

use evidence::Entry;
use measure::view::Sight;
use units::Timespan;

use super::tried_again;
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// The wait that is asked for, in seconds.
const ASKED: u64 = 1;

/// A wait that nobody keeps.
const LONG: u64 = 3_600;

/// By so much a wait that is asked for must be longer than the usual one to tell the two apart.
const LEAST: Duration = Duration::from_millis(200);

/// Who gives up for that is done so soon.
const AT_ONCE: Duration = Duration::from_millis(200);

/// Statuses that come with such a wait.
const STATUSES: [&str; 2] = ["429", "503"];

/// Calm traffic, by the second.
const CALM: f64 = 150.0;

/// Why a request that was not tried again tells nothing.
const SHED: &str = "a breaker opened, which keeps requests from being tried again";

/// Why some that were not tried again tell nothing, where others were.
const SPENT: &str =
    "some were tried again and others were not: what bounds further attempts may have been used up";

/// Fewer cases than this tell nothing.
const CASES_MIN: usize = 3;

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let asked: Vec<&str> =
        STATUSES.into_iter().filter(|status| tried_again(profile, status, "GET")).collect();
    lab.ahead(asked.iter().map(|status| experiment(status)).collect())?;
    for status in asked {
        let seen = lab.run(&experiment(status))?;
        let usual = match profile.value("retry.wait.2") {
            Some(Value::Time(_, high)) => **high,
            _ => Duration::ZERO,
        };
        for (class, key) in [("seconds", "retry_after"), ("date", "retry_after_date")] {
            tell_kept(&seen, class, usual, &format!("retry.{key}.{status}"), profile);
        }
        tell_long(&seen, usual, &format!("retry.retry_after_long.{status}"), profile);
    }
    Ok(())
}

fn experiment(status: &str) -> Experiment {
    let seconds =
        |seconds: u64| format!("status = {{ code = {status}, headers = {{ retry-after = \"{seconds}\" }} }}");
    let date =
        format!("rate_limit = {{ requests = 1, per = \"2s\", code = {status}, retry_after = \"date\" }}");
    let faults = [("seconds", seconds(ASKED)), ("date", date), ("long", seconds(LONG))];
    let classes = faults.each_ref().map(|(class, _)| *class);
    let mut one = Experiment::new(format!("retry-after-{status}"), CALM);
    for class in classes {
        one = one.traffic(class, "GET", 3.0);
    }
    one = one.calm("before", Timespan::from_secs(1), &classes).phase("asked", Timespan::from_secs(4));
    for (class, fault) in &faults {
        one = one.fault(&format!("when = {{ traffic = \"{class}\" }}"), fault);
    }
    one
}

/// The requests of a class that were told to wait by every attempt that was followed by another one, or by the only one.
fn told<'a>(view: &'a measure::view::View<'a>) -> impl Iterator<Item = Entry<'a>> {
    let sound = |entry: &Entry<'_>| view.why_apart(entry, Sight::COUNTS).is_none();
    let asked = |entry: &Entry<'_>| entry.attempts.first().is_some_and(|first| first.retry_at.is_some());
    view.entries().filter(move |entry| sound(entry) && asked(entry))
}

/// `usual` is how long the gateway waits of itself: what asks for no more tells nothing.
fn tell_kept(seen: &Seen, class: &str, usual: Duration, key: &str, profile: &mut Profile) {
    let view = seen.view("asked", Some(class));
    let least = usual + LEAST;
    let asks = |entry: &Entry<'_>| {
        let first = entry.attempts.first();
        first.is_some_and(|first| first.retry_at.is_some_and(|at| at.since(first.ended) >= least))
    };
    let (mut kept, mut sooner, mut alone) = (0, 0, 0);
    for entry in told(&view).filter(asks) {
        match entry.attempts.get(..2) {
            Some([first, second]) if first.retry_at.is_some_and(|at| second.arrived >= at) => kept += 1,
            Some(_) => sooner += 1,
            None => alone += 1,
        }
    }
    let again = kept + sooner;
    let others = ["seconds", "date", "long"]
        .iter()
        .any(|class| told(&seen.view("asked", Some(class))).any(|entry| entry.attempts.len() > 1));
    if again.max(alone) < CASES_MIN {
        profile.cannot_tell(key, "too few requests failed as planned", &seen.name);
    } else if again < CASES_MIN && !seen.all_in_use("asked", CALM) {
        profile.cannot_tell(key, SHED, &seen.name);
    } else if again < CASES_MIN && others {
        profile.cannot_tell(key, SPENT, &seen.name);
    } else if again < CASES_MIN {
        profile.know(key, Value::word("gives up"), alone as u64, &seen.name);
    } else {
        let word = match (kept, sooner) {
            (0, _) => "ignored",
            (_, 0) => "kept",
            _ => "kept at times",
        };
        profile.know(key, Value::word(word), again as u64, &seen.name);
    }
}

fn tell_long(seen: &Seen, usual: Duration, key: &str, profile: &mut Profile) {
    let view = seen.view("asked", Some("long"));
    let (mut sooner, mut in_part, mut at_once, mut late) = (0, 0, 0, 0);
    for entry in told(&view) {
        if let [first, second, ..] = entry.attempts {
            let waited = second.arrived.since(first.ended) >= usual + LEAST;
            *(if waited { &mut in_part } else { &mut sooner }) += 1;
        } else if entry.exchange.service_time() < AT_ONCE {
            at_once += 1;
        } else {
            late += 1;
        }
    }
    let all = sooner + in_part + at_once + late;
    let word = match (sooner, at_once, late) {
        (0, 0, 0) => "waits for a part of it",
        _ if all < CASES_MIN => {
            profile.cannot_tell(key, "too few requests failed as planned", &seen.name);
            return;
        }
        // Those that were not tried again may have met a breaker.
        (CASES_MIN.., _, _) => "ignored",
        _ if !seen.all_in_use("asked", CALM) => {
            profile.cannot_tell(key, SHED, &seen.name);
            return;
        }
        (0, _, 0) if in_part == 0 => "gives up at once",
        (0, 0, _) if in_part == 0 => "waits until a timer ends it",
        _ if sooner + in_part > 0 => {
            profile.cannot_tell(key, SPENT, &seen.name);
            return;
        }
        _ => "not always the same",
    };
    profile.know(key, Value::word(word), all as u64, &seen.name);
}
