//! The fault that sends bodies drop by drop.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Timespan};

use crate::fault::{Effect, Fault, Incoming, Pace, on_attempts};

/// Sends the body of the answer drop by drop: the whole of it takes so long.
///
/// # What it does
/// The head is sent at once; the body at a rate at which its last byte leaves after `over`, whatever its size. `share`
/// is drawn for each attempt.
///
/// # What the gateway sees
/// A response that began in time and takes long to end: a timer between two bytes never fires, one over the whole does.
///
/// # What it stands for
/// A backend that streams from a slow query or a slow disk.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded with what was sent of the answer, and when the gateway left.
///
/// # Example
/// `slow_body = { over = "2s" }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowBody {
    /// How long the body takes from its first byte to its last.
    pub over: Timespan,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for SlowBody {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let pace = Pace { over: Some(self.over.0), ..Pace::default() };
            Effect { body_pace: Some(pace), ..Effect::default() }
        })
    }

    fn problem(&self) -> Option<String> {
        self.over.is_zero().then(|| "`over = 0` is not slow: expected a time above zero".into())
    }
}
