//! The policy as a whole, and its timers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use crate::breaker::Breaker;
use crate::limit::Limit;
use crate::retry::Retry;

/// What a gateway is declared to do when upstreams fail.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The timers. Without them, the gateway's own defaults hold.
    pub timeout: Timeouts,
    /// When a request is tried again. Without it: never.
    pub retry: Option<Retry>,
    /// When a backend is left alone. Without it: never.
    pub breaker: Option<Breaker>,
    /// How many requests are under way at a time. Without it: the gateway's own limits, which are expected to be out of reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
}

/// The timers of a gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// For making a connection to a backend.
    pub connect: Option<Timespan>,
    /// For one attempt, from sending it to the response headers.
    pub per_try: Option<Timespan>,
    /// For the request as a whole, over all attempts.
    pub total: Option<Timespan>,
}
