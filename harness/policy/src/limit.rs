//! How many requests are under way at backends at a time, and what becomes of the others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use crate::breaker::Scope;

/// How many requests are under way at a time, and what becomes of the others: they wait for their turn, first come first
/// served, or are turned away. Every attempt takes a turn of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The most that are under way at a time, from 1 to 65 536: HAProxy's and nginx's `maxconn` and `max_conns` of a server,
    /// Envoy's `max_requests` of a pool.
    pub in_flight: u32,
    /// Whether that is counted for each backend or for the whole pool.
    #[serde(default, skip_serializing_if = "Scope::is_backend")]
    pub scope: Scope,
    /// The most that wait for their turn, up to 65 536. Without it that is left to the gateway; the reference gateway lets none wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<u32>,
    /// The longest wait for a turn. Without it: as long as the timer for the whole request lets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Timespan>,
    /// The status of what is turned away. Without it that is left to the gateway; the reference gateway answers 503.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl Limit {
    /// So many at each backend, and silent on the rest.
    pub fn new(in_flight: u32) -> Self {
        Limit { in_flight, scope: Scope::Backend, queue: None, wait: None, status: None }
    }
}
