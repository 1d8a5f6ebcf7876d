//! The fault that limits the rate of requests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use crate::fault::{Admission, Effect, Fault, Incoming, RetryAfter};

/// Answers so many requests in each window, and turns the others away with a status.
///
/// # What it does
/// The first `requests` of each window of `per` (the first begins with the run) are answered normally; those beyond
/// with `code` (429 without it) and, as `retry_after` says, with a `retry-after` field in whole `"seconds"` (the
/// default), as a `"date"`, or `"none"`. The window is counted for each backend.
///
/// # What the gateway sees
/// A status of 429 or 503 that tells when to come back.
///
/// # What it stands for
/// The quota of an API or of a model deployment: Azure's language models answer 429 with `retry-after`, and a gateway has to obey
/// it, spill over, or pass it on.
///
/// # When it cannot be proven
/// A request within the quota is answered normally, and counts as not affected.
///
/// # Example
/// `rate_limit = { requests = 100, per = "1s" }`
/// `rate_limit = { requests = 20, per = "10s", code = 503, retry_after = "date" }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many requests are answered in a window.
    pub requests: u32,
    /// How long a window is.
    pub per: Timespan,
    /// The status of the others; 429 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// How they are told when the next window begins.
    #[serde(default)]
    pub retry_after: TellAfter,
}

impl Fault for RateLimit {
    fn effect(&self, incoming: &Incoming) -> Effect {
        if incoming.is_connection() {
            return Effect::default();
        }
        let quota = Admission::Quota {
            requests: self.requests,
            window: self.per.0,
            status: self.code.unwrap_or(429),
            retry_after: self.retry_after.into(),
        };
        Effect { admit: Some(vec![quota]), ..Effect::default() }
    }

    fn problem(&self) -> Option<String> {
        if self.per.is_zero() {
            return Some("`per = 0` is no window: expected a time above zero".into());
        }
        self.code.and_then(super::status::code_problem)
    }
}

/// How a request that is turned away is told when to come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TellAfter {
    /// In whole seconds.
    #[default]
    Seconds,
    /// As a date.
    Date,
    /// Not at all.
    None,
}

impl From<TellAfter> for RetryAfter {
    fn from(how: TellAfter) -> Self {
        match how {
            TellAfter::Seconds => RetryAfter::Seconds,
            TellAfter::Date => RetryAfter::Date,
            TellAfter::None => RetryAfter::Silent,
        }
    }
}
