//! What is asked, question by question. A new one is a file here and a line in the battery.

pub(crate) mod affinity;
pub(crate) mod all_out;
pub(crate) mod answers;
pub(crate) mod breaker;
pub(crate) mod budget;
pub(crate) mod cancel;
pub(crate) mod connect;
pub(crate) mod connections;
pub(crate) mod headers;
pub(crate) mod health;
mod left_alone;
pub(crate) mod limits;
mod outage;
pub(crate) mod pool;
mod probes;
pub(crate) mod rate_limit;
pub(crate) mod refusals;
pub(crate) mod replays;
pub(crate) mod retries;
pub(crate) mod retry_after;
mod rules;
mod scope;
mod target;
pub(crate) mod timers;
mod way_back;

pub(crate) use breaker::BREAKING;
pub(crate) use rate_limit::{BURST as RATE_LIMITED, is_limited as is_rate_limited};
pub(crate) use refusals::REFUSED;
pub(crate) use retries::{FAILING, METHODS};

use std::time::Duration;

use units::Timespan;

use crate::profile::Profile;
use crate::value::Value;

/// What a hop within one machine and a turn of a gateway's event loop may add to a time, or hide of it.
const TRANSIT: Duration = Duration::from_millis(5);

/// The bounds of times that were seen between the two ends of a run.
fn time(low: Duration, high: Duration) -> Value {
    Value::Time(whole(low.saturating_sub(TRANSIT)), whole(high + TRANSIT))
}

/// A time to the millisecond that it has reached.
fn whole(length: Duration) -> Timespan {
    Timespan::from_millis(length.as_millis() as u64)
}

/// True if it is known that some requests of a method are tried again after a failure: a budget may spare others.
fn tried_again(profile: &Profile, failure: &str, method: &str) -> bool {
    let most = match profile.value(&format!("retry.{failure}.{method}")) {
        Some(Value::Count(_, high)) => *high,
        Some(Value::AtLeast(least)) => *least,
        _ => 1,
    };
    most > 1
}

/// True if it is known that no request of these methods is tried again, after none of these failures.
fn never_tried_again(profile: &Profile, failures: &[&str], methods: &[&str]) -> bool {
    let once = |failure: &&str| {
        let is_once =
            |method: &&str| profile.value(&format!("retry.{failure}.{method}")) == Some(&Value::Count(1, 1));
        methods.iter().all(is_once)
    };
    failures.iter().all(once)
}

/// How slow backends may be: so long at the most, and no longer than one in `part` of what a timer of the gateway allows.
pub(crate) fn slow(profile: &Profile, part: u32, most: Duration) -> Duration {
    let timer = ["timeout.per_try", "timeout.total"].into_iter().filter_map(|key| match profile.value(key) {
        Some(Value::Time(low, _)) => Some(**low / part),
        _ => None,
    });
    timer.min().map_or(most, |timer| timer.min(most))
}
