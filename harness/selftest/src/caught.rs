//! Which scenario and which expectation catch a defect of the reference gateway.

use gateways::reference::Defect;

/// The scenario of the library in which the defect shows, and the expectation that fails by it.
pub(crate) fn caught_by(defect: Defect) -> (&'static str, &'static str) {
    match defect {
        Defect::IgnoresTimeout | Defect::DoublesTimeout => ("slow-upstream-timeout", "timeout"),
        Defect::RetriesPost => ("retry-never-posts", "no_replay"),
        Defect::OneRetryTooMany | Defect::NoRetry | Defect::SameHostRetry => ("retry-503", "attempts"),
        Defect::NoBackoff => ("backoff-with-jitter", "backoff"),
        Defect::BreakerNeverTrips
        | Defect::BreakerNeverRecovers
        | Defect::BreakerTripsLate
        | Defect::GlobalBreaker => ("breaker-trips-and-recovers", "breaker"),
        Defect::TruncatedAsComplete => ("reset-mid-body", "integrity"),
    }
}
