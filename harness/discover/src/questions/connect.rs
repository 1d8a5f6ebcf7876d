//! How long the gateway waits for a connection that is neither made nor refused.
//!
//! Such a connect leaves no trace at the backend. It is told by the client: by how long a request took that failed without having
//! reached any backend, or that came to another one late. What the backend gets when it accepts again has been waited for until then.

use std::time::Duration;

use evidence::Outcome;
use measure::view::{Sight, View};
use units::Timespan;

use super::refusals::REFUSED;
use super::time;
use crate::experiment::{CALM, Experiment};
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// How often a request is sent, by the second: few, so that few wait at a time.
const RATE: f64 = 3.0;

/// What takes less has not waited for a connection.
const WAITED: Duration = Duration::from_millis(20);

/// Times that are no further apart than this were set by one timer.
const APART: Duration = Duration::from_millis(15);

/// Fewer cases than this tell nothing.
const CASES_MIN: u64 = 3;

/// Before, the answers of the backend end with its connections, so that each request needs a new one.
pub(crate) fn experiment(lab: &Lab<'_>) -> Experiment {
    let on = format!("on = [\"{}\"]", lab.backends[lab.victim()].name);
    Experiment::new("connects", 60.0)
        .traffic("get", "GET", RATE)
        .calm("before", Timespan::from_secs(1), &["get"])
        .fault(&on, "framing = { by = \"close\" }")
        .calm("gone", Timespan(lab.site.longest.saturating_add(Duration::from_secs(1))), &[CALM])
        .fault_of_all(&on, "black_hole = {}")
}

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let seen = lab.run(&experiment(lab))?;
    let key = "timeout.connect";
    if !matches!(profile.value("limit.in_flight"), Some(Value::AtLeast(_))) {
        let why = "requests may have waited because of a limit of those under way";
        profile.cannot_tell(key, why, &seen.name);
        return Ok(());
    }
    let waits = Waits::of(&seen.view("gone", Some("get")), lab.victim());
    tell(&waits, &seen, profile);
    Ok(())
}

/// How long requests waited that may have been for the backend.
#[derive(Default)]
struct Waits {
    /// Those that failed without having reached a backend.
    failed: Vec<Duration>,
    /// Those that came to another one late.
    elsewhere: Vec<Duration>,
    /// Those that nobody had ended when their client gave up, or when the backend accepted again.
    endured: Vec<Duration>,
}

impl Waits {
    fn of(view: &View<'_>, victim: usize) -> Self {
        let mut waits = Waits::default();
        let sight = Sight { attempts: false, client: false, ..Sight::COUNTS };
        for entry in view.entries() {
            let exchange = entry.exchange;
            if !exchange.was_sent() || view.why_apart(&entry, sight).is_some() {
                continue;
            }
            let (waited, into) = match entry.attempts.first() {
                Some(first) if usize::from(first.backend) == victim => {
                    (first.arrived.since(exchange.sent), &mut waits.endured)
                }
                Some(first) => (first.arrived.since(exchange.sent), &mut waits.elsewhere),
                None if exchange.outcome == Outcome::ClientTimeout => {
                    (exchange.service_time(), &mut waits.endured)
                }
                None => (exchange.service_time(), &mut waits.failed),
            };
            if waited >= WAITED {
                into.push(waited);
            }
        }
        waits
    }
}

fn tell(waits: &Waits, seen: &Seen, profile: &mut Profile) {
    let key = "timeout.connect";
    let Some((low, high, cases)) = bounds(waits, profile) else {
        let mut endured = waits.endured.clone();
        endured.sort_unstable_by(|one, other| other.cmp(one));
        let least = endured.get(CASES_MIN as usize - 1).filter(|_| waits.failed.is_empty());
        if let Some(length) = least {
            profile.know(key, Value::Beyond(super::whole(*length)), CASES_MIN, &seen.name);
        } else {
            let why = "too few requests waited for a connection, or for how long else is not known";
            profile.cannot_tell(key, why, &seen.name);
        }
        return;
    };
    // What another timer ended would have gone on.
    let by_another = ["timeout.per_try", "timeout.total"].iter().any(|timer| {
        matches!(profile.value(timer), Some(Value::Time(from, to)) if low <= **to + APART && **from <= high + APART)
    });
    if by_another {
        profile.know(key, Value::Beyond(super::whole(low)), cases, &seen.name);
    } else {
        profile.know(key, time(low, high), cases, &seen.name);
    }
}

/// Between which bounds the timer lies, and how many cases say so.
fn bounds(waits: &Waits, profile: &Profile) -> Option<(Duration, Duration, u64)> {
    if let Some(least) = waits.elsewhere.iter().min() {
        // The wait before a further attempt is part of it.
        let bound = |key| match profile.value(key) {
            Some(Value::Time(low, high)) => Some((**low, **high)),
            _ => None,
        };
        let (shortest, longest) = bound("retry.wait.2")?;
        let (shortest, longest) = match bound("retry.longest_wait.2") {
            // It is drawn anew each time, and may have been none.
            Some((_, longest)) => (Duration::ZERO, longest),
            None => (shortest, longest),
        };
        let cases = waits.elsewhere.len() as u64;
        let (from, to) = (least.saturating_sub(longest), least.saturating_sub(shortest));
        return (cases >= CASES_MIN).then_some((from, to, cases));
    }
    // Where others may follow at the same backend, it is the time of all of them.
    let once = profile.value(&format!("retry.{REFUSED}.GET")) == Some(&Value::Count(1, 1));
    let elsewhere = profile.value("retry.other_backend") == Some(&Value::word("always"));
    let least = *waits.failed.iter().min().filter(|_| once || elsewhere)?;
    let alike: Vec<Duration> = waits.failed.iter().copied().filter(|one| *one <= least + APART).collect();
    let most = alike.iter().max().copied().unwrap_or(least);
    (alike.len() as u64 >= CASES_MIN).then_some((least, most, alike.len() as u64))
}
