//! The fault that stops within a body.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Size, Timespan};

use crate::fault::{Effect, Fault, Incoming, Pace, on_attempts};

/// Stops within the body of the answer, and goes on later or never.
///
/// # What it does
/// After as many bytes of the body as `after` says nothing is sent for `length`; without `length`, for as long as the
/// gateway waits. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A response that began and then stands still: an idle timer is what ends it.
///
/// # What it stands for
/// A backend that hangs in the middle of a stream: a lost row lock, a model that stops generating.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded with what was sent of the answer, and when the gateway left.
///
/// # Example
/// `stall = { after = "100B", length = "2s" }`
/// `stall = { after = "1KiB" }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stall {
    /// How many bytes of the body are sent first.
    pub after: Size,
    /// For how long; without it, for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<Timespan>,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for Stall {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let length = self.length.map_or(FOR_EVER, |length| length.0);
            let pace = Pace { stall: Some((self.after.0, length)), ..Pace::default() };
            Effect { body_pace: Some(pace), ..Effect::default() }
        })
    }

    fn problem(&self) -> Option<String> {
        let is_none = self.length.is_some_and(|length| length.is_zero());
        is_none.then(|| "`length = 0` is no stall: expected a time above zero".into())
    }
}

/// Longer than any run.
const FOR_EVER: std::time::Duration = std::time::Duration::from_hours(24 * 365);
