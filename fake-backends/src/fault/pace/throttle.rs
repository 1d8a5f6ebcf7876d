//! The fault that limits the bandwidth of answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{ByteRate, Share};

use crate::fault::{Effect, Fault, Incoming, Pace, on_attempts};

/// Sends the body of the answer at a limited rate.
///
/// # What it does
/// The head is sent at once; the body at `rate`, to 10 ms. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A response whose body comes slowly and steadily.
///
/// # What it stands for
/// A network that is full, a noisy neighbour, an egress limit of a cloud.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded with what was sent of the answer, and when the gateway left.
///
/// # Example
/// `throttle = { rate = "10KiB/s" }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// Bytes a second.
    pub rate: ByteRate,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for Throttle {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let pace = Pace { rate: Some(self.rate.get()), ..Pace::default() };
            Effect { body_pace: Some(pace), ..Effect::default() }
        })
    }
}
