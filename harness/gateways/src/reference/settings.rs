//! The policy as this gateway applies it: its own defaults filled in, and most defects worked in, each at one place.

use std::time::Duration;

use units::Timespan;

use super::defect::{Defect, Defects};
use policy::{Backoff, Breaker, Policy, RetryOn, Trip};

/// For making a connection, where the policy is silent. Envoy's `connect_timeout` has the same default.
const CONNECT: Duration = Duration::from_secs(5);

/// For a request, where the policy is silent. The default of nginx's `proxy_read_timeout`.
const TOTAL: Duration = Duration::from_mins(1);

/// By how much `doubles-timeout` stretches the timers.
const DOUBLED: u32 = 2;

/// By how much `breaker-trips-late` raises what opens a breaker.
const LATE: u32 = 3;

/// What one gateway does.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// For making a connection.
    pub(crate) connect: Duration,
    /// For one attempt, from sending it to the response headers.
    pub(crate) per_try: Option<Duration>,
    /// For the request, over all attempts, to the end of the response body.
    pub(crate) total: Option<Duration>,
    /// When a request is tried again.
    pub(crate) retry: Option<Retry>,
    /// When a backend is left alone.
    pub(crate) breaker: Option<Breaker>,
    /// Whether all backends share one breaker.
    pub(crate) one_breaker: bool,
    /// Whether a body that was cut off is passed on as if it were whole.
    pub(crate) truncated_as_complete: bool,
}

/// When and where a request is tried again.
#[derive(Clone, Debug)]
pub(crate) struct Retry {
    /// Attempts in total.
    pub(crate) attempts: u32,
    /// The failures that are worth another.
    pub(crate) on: Vec<RetryOn>,
    /// The methods that may be repeated; without it, all.
    pub(crate) methods: Option<Vec<String>>,
    /// How long to wait between attempts.
    pub(crate) backoff: Option<Backoff>,
    /// Where a further attempt goes.
    pub(crate) next: Next,
}

/// Where a further attempt goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// To a backend that the request has not met yet, where there is one.
    Other,
    /// To whichever is next in turn.
    Any,
    /// To the one that it has just met.
    Same,
}

impl Settings {
    pub(crate) fn new(policy: &Policy, defects: Defects) -> Self {
        let stretch = |length: Option<Duration>| {
            if defects.has(Defect::IgnoresTimeout) {
                return None;
            }
            length.map(|length| {
                if defects.has(Defect::DoublesTimeout) { length.saturating_mul(DOUBLED) } else { length }
            })
        };
        Settings {
            connect: policy.timeout.connect.map_or(CONNECT, Duration::from),
            per_try: stretch(policy.timeout.per_try.map(Duration::from)),
            total: stretch(Some(policy.timeout.total.map_or(TOTAL, Duration::from))),
            retry: Retry::new(policy, defects),
            breaker: breaker(policy, defects),
            one_breaker: defects.has(Defect::GlobalBreaker),
            truncated_as_complete: defects.has(Defect::TruncatedAsComplete),
        }
    }
}

impl Retry {
    fn new(policy: &Policy, defects: Defects) -> Option<Self> {
        let retry = policy.retry.as_ref()?;
        if defects.has(Defect::NoRetry) {
            return None;
        }
        let next = if retry.other_backend { Next::Other } else { Next::Any };
        Some(Retry {
            attempts: u32::from(retry.attempts) + u32::from(defects.has(Defect::OneRetryTooMany)),
            on: retry.on.clone(),
            methods: (!defects.has(Defect::RetriesPost)).then(|| retry.methods.clone()),
            backoff: retry.backoff.filter(|_| !defects.has(Defect::NoBackoff)),
            next: if defects.has(Defect::SameHostRetry) { Next::Same } else { next },
        })
    }
}

fn breaker(policy: &Policy, defects: Defects) -> Option<Breaker> {
    let mut breaker = policy.breaker.clone()?;
    if defects.has(Defect::BreakerNeverTrips) {
        return None;
    }
    if defects.has(Defect::BreakerNeverRecovers) {
        breaker.open_for = Timespan(Duration::MAX);
        breaker.retry_after = false;
    }
    if defects.has(Defect::BreakerTripsLate) {
        breaker.trip = late(breaker.trip);
    }
    Some(breaker)
}

fn late(trip: Trip) -> Trip {
    let later = |count: u32| count.saturating_mul(LATE);
    Trip {
        consecutive: trip.consecutive.map(later),
        count: trip.count.map(later),
        // A share can't be tripled, but the number of requests that it takes can.
        min: Some(later(trip.min.unwrap_or(1))),
        ..trip
    }
}
