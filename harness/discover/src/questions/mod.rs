//! What is asked, question by question. A new one is a file here and a line in the battery.

pub(crate) mod affinity;
pub(crate) mod answers;
pub(crate) mod breaker;
pub(crate) mod cancel;
pub(crate) mod connections;
pub(crate) mod headers;
pub(crate) mod limits;
mod outage;
pub(crate) mod pool;
pub(crate) mod refusals;
pub(crate) mod replays;
pub(crate) mod retries;
pub(crate) mod retry_after;
mod rules;
pub(crate) mod timers;

pub(crate) use breaker::BREAKING;
pub(crate) use refusals::REFUSED;
pub(crate) use retries::{FAILING, METHODS};

use std::time::Duration;

use units::Timespan;

use crate::value::Value;

/// What a hop within one machine and a turn of a gateway's event loop may add to a time, or hide of it.
const TRANSIT: Duration = Duration::from_millis(5);

/// The bounds of times that were seen between the two ends of a run.
fn time(low: Duration, high: Duration) -> Value {
    let whole = |length: Duration| Duration::from_millis(length.as_millis() as u64);
    Value::Time(Timespan(whole(low.saturating_sub(TRANSIT))), Timespan(whole(high + TRANSIT)))
}
