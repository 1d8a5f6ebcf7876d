//! The fault that answers the later the more is under way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Timespan};

use crate::fault::{Admission, Effect, Fault, Incoming, on_attempts};

/// Answers the later, the more requests are under way at the backend.
///
/// # What it does
/// Each request waits `each` for every other one that the backend has under way when it has arrived whole, `most` at
/// the most. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A whole response, the later the more it sends: a gateway that retries or fails over makes it worse.
///
/// # What it stands for
/// A pool of connections to a database, a lock, a cache that misses: latency that rises with load, and the metastable
/// failures that come of it (Bronson and others, 2021).
///
/// # When it cannot be proven
/// A request that found nobody else under way did not wait, and counts as not affected.
///
/// # Example
/// `congestion = { each = "5ms", most = "2s" }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Congestion {
    /// The wait for each request that is under way already.
    pub each: Timespan,
    /// The longest wait.
    pub most: Timespan,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for Congestion {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let crowd = Admission::Crowd { each: self.each.0, most: self.most.0 };
            Effect { admit: Some(vec![crowd]), ..Effect::default() }
        })
    }

    fn problem(&self) -> Option<String> {
        self.each.is_zero().then(|| "`each = 0` delays nothing: expected a time above zero".into())
    }
}
