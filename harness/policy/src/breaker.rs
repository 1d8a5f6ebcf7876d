//! When a backend is left alone, for how long, and how it comes back: circuit breakers and ejection alike.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Timespan};

use crate::failure::FailureClass;

/// When a backend is left alone, and for how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// What opens it.
    pub trip: Trip,
    /// What counts as a failure of the backend. Without it: every status from 500 on, a timer that fired, a reset, and
    /// a connection that could not be made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fails: Vec<FailureClass>,
    /// How long it stays open before the backend is tried again.
    pub open_for: Timespan,
    /// Whether the open time grows: after the n-th opening in a row it is n times as long (Envoy's
    /// `base_ejection_time`), up to `open_max`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub open_grows: bool,
    /// The longest open time where it grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_max: Option<Timespan>,
    /// How often the gateway looks, where it only looks now and then (Envoy's `interval`): the open time may be so much
    /// longer, and a breaker that trips by a share may open so much later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<Timespan>,
    /// How the backend gets its traffic back. Without it that is left to the gateway; the reference gateway probes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way_back: Option<WayBack>,
    /// How many requests it lets through at a time while half-open. Without it that is left to the gateway; the
    /// reference gateway lets one through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probes: Option<u16>,
    /// Whether the backend's `Retry-After` header sets the open time instead.
    #[serde(default)]
    pub retry_after: bool,
    /// What one breaker protects.
    #[serde(default, skip_serializing_if = "Scope::is_backend")]
    pub scope: Scope,
    /// How many processes or instances of the gateway count for themselves.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub workers: u32,
    /// The largest share of the backends that is left alone at a time. Without it: all may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_max: Option<Share>,
    /// What happens to requests while every backend is left alone. Without it that is left to the gateway; the
    /// reference gateway sheds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_out: Option<AllOut>,
    /// The status with which requests are answered while every backend is left alone and they are shed. Without it that is
    /// left to the gateway; the reference gateway answers 503.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shed_status: Option<u16>,
}

impl Breaker {
    /// A breaker that opens by `trip` for `open_for`, and is silent on the rest.
    pub fn new(trip: Trip, open_for: Timespan) -> Self {
        Breaker {
            trip,
            fails: Vec::new(),
            open_for,
            open_grows: false,
            open_max: None,
            tick: None,
            way_back: None,
            probes: None,
            retry_after: false,
            scope: Scope::Backend,
            workers: 1,
            out_max: None,
            all_out: None,
            shed_status: None,
        }
    }

    /// The keys that are set beyond what opens it, for how long, and how it probes: not every gateway has a means for
    /// each of them.
    pub fn special_keys(&self) -> Vec<&'static str> {
        let set = [
            ("policy.breaker.fails", !self.fails.is_empty()),
            ("policy.breaker.open_grows", self.open_grows),
            ("policy.breaker.tick", self.tick.is_some()),
            ("policy.breaker.way_back", self.way_back.is_some()),
            ("policy.breaker.scope", !self.scope.is_backend()),
            ("policy.breaker.workers", self.workers != 1),
            ("policy.breaker.out_max", self.out_max.is_some()),
            ("policy.breaker.all_out", self.all_out.is_some()),
            ("policy.breaker.shed_status", self.shed_status.is_some()),
        ];
        set.into_iter().filter_map(|(key, set)| set.then_some(key)).collect()
    }
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_one(count: &u32) -> bool {
    *count == 1
}

/// How a backend that was left alone gets its traffic back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WayBack {
    /// A few requests of the traffic are let through, and it closes once they succeed.
    Probe,
    /// All of its traffic comes back at once; it takes as many fresh failures as the first time to open again.
    All,
    /// The gateway's own health check decides, apart from the traffic.
    Check,
    /// The traffic comes back little by little, over this time.
    Ramp(Timespan),
}

/// What one breaker protects, and what a limit is counted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// One backend, apart from the others.
    #[default]
    Backend,
    /// The whole pool: when a breaker opens, no backend gets requests; a limit is shared by all of them.
    Pool,
}

impl Scope {
    /// True for [`Scope::Backend`].
    pub fn is_backend(&self) -> bool {
        *self == Scope::Backend
    }
}

/// What happens to requests while every backend is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AllOut {
    /// The gateway answers by itself, and no backend gets anything.
    Shed,
    /// All backends get traffic as if nothing had happened (Envoy's panic mode).
    Panic,
}

/// What opens a breaker: one of `{ consecutive = 5 }`, `{ count = 5, within = "10s" }`,
/// `{ share = 0.5, within = "10s", min = 20 }`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trip {
    /// So many failures in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive: Option<u32>,
    /// So many failures within `within`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// So large a share of failures within `within`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
    /// The length of the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Timespan>,
    /// The fewest requests in the window for a share to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
}
