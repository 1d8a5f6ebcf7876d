//! How many requests are let through in a time, and what becomes of the others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

/// The most requests that a rate limit lets through in its time. It bounds what a gateway keeps in mind.
const CALLS_MAX: u32 = 65_536;

/// How many requests are let through in a time. The others are turned away at once, before any backend is asked. Counted are
/// requests, and not their attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// So many, from 1 to 65 536: `calls` of API Management's `rate-limit`.
    pub calls: u32,
    /// In so long: its `renewal-period`.
    pub per: Timespan,
    /// How they are counted.
    #[serde(default, skip_serializing_if = "RateWindow::is_sliding")]
    pub window: RateWindow,
    /// Whether what is turned away is told by `Retry-After` when to come back (RFC 9110, section 10.2.3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retry_after: bool,
    /// The status of what is turned away. Without it: 429 (RFC 6585, section 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// How the requests of a time are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RateWindow {
    /// In each stretch of that length, wherever it begins: API Management's classic tiers.
    #[default]
    Sliding,
    /// A bucket of so many, refilled evenly over the time, so that nearly twice as many may come in one stretch: API
    /// Management's v2 tiers.
    Bucket,
}

impl RateWindow {
    /// True for [`RateWindow::Sliding`].
    pub fn is_sliding(&self) -> bool {
        *self == RateWindow::Sliding
    }
}

impl RateLimit {
    /// So many in a time, counted in a sliding window.
    pub fn new(calls: u32, per: Timespan) -> Self {
        RateLimit { calls, per, window: RateWindow::Sliding, retry_after: false, status: None }
    }

    pub(crate) fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        if !(1..=CALLS_MAX).contains(&self.calls) {
            let what = format!("`{}` is out of bounds: expected 1 to {CALLS_MAX}", self.calls);
            problems.push(("policy.rate_limit.calls", what));
        }
        if self.per.is_zero() {
            let what = "a time of no length lets nothing through: expected more than zero";
            problems.push(("policy.rate_limit.per", what.into()));
        }
        if let Some(status) = self.status.filter(|status| !(400..600).contains(status)) {
            let what = format!("`{status}` is no status of an error: expected 400 to 599");
            problems.push(("policy.rate_limit.status", what));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;

    #[test]
    fn limits_that_make_no_sense_are_told_by_their_keys() {
        let keys = |calls, per, status| {
            let rate_limit = Some(RateLimit { status, ..RateLimit::new(calls, Timespan::from_secs(per)) });
            let problems = Policy { rate_limit, ..Policy::default() }.problems();
            problems.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
        };
        assert_eq!(keys(1, 1, Some(429)), [""; 0]);
        assert_eq!(
            keys(0, 0, Some(200)),
            ["policy.rate_limit.calls", "policy.rate_limit.per", "policy.rate_limit.status"]
        );
        assert_eq!(keys(CALLS_MAX + 1, 1, None), ["policy.rate_limit.calls"]);
    }
}
