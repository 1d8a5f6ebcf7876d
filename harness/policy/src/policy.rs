//! The policy as a whole, and its timers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use crate::affinity::Affinity;
use crate::breaker::Breaker;
use crate::health::HealthCheck;
use crate::limit::Limit;
use crate::rate::RateLimit;
use crate::request::{Credential, RequestHeaders};
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
    /// How many requests are let through in a time. Without it: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// By which requests of its own the gateway takes a backend out and brings it back. Without it: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheck>,
    /// What keeps requests that belong together at one backend. Without it: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// What it puts into requests and takes out of them. Without it: nothing is demanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_headers: Option<RequestHeaders>,
    /// By backend, the credential that it sends there, and nowhere else. Without it: nothing is demanded.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub credentials: BTreeMap<String, Credential>,
    /// Where the gateway's own configuration says so, key by key: `"retry.attempts" = "policy.xml:12:5"`. Reports name these places
    /// beside the scenario's. `brownout import` writes them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, String>,
}

impl Policy {
    /// True if something takes single backends out of use: a breaker, or health checks.
    pub fn takes_backends_out(&self) -> bool {
        self.breaker.is_some() || self.health_check.is_some()
    }

    /// Where the gateway's own configuration declares a key, or the table that it stands in: `retry.on` for `retry.on.503`.
    pub fn source(&self, key: &str) -> Option<&str> {
        let mut key = key;
        loop {
            if let Some(place) = self.sources.get(key) {
                return Some(place);
            }
            key = key.rsplit_once('.')?.0;
        }
    }
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
