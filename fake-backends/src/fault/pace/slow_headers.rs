//! The fault that sends heads slowly.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{ByteRate, Share};

use crate::fault::{Effect, Fault, Incoming, Pace, on_attempts};

/// Sends the head of the answer slowly.
///
/// # What it does
/// The head is sent at `rate`, a few bytes at a time; the body follows at once. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A response that has begun and whose head does not end: a timer that starts anew with each byte never fires.
///
/// # What it stands for
/// A slowloris of a backend: a process that is swapping, a proxy in between that throttles.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded with what was sent of the answer, and when the gateway left.
///
/// # Example
/// `slow_headers = { rate = "100B/s" }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowHeaders {
    /// Bytes a second.
    pub rate: ByteRate,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for SlowHeaders {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let pace = Pace { rate: Some(self.rate.get()), ..Pace::default() };
            Effect { head_pace: Some(pace), ..Effect::default() }
        })
    }
}
