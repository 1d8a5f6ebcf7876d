//! The fault that resets connections.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Size};

use super::cut::CutAt;
use crate::fault::{Effect, Ending, Fault, Incoming, Outline};

/// Resets the connection (RST) at a chosen place.
///
/// # What it does
/// `at = "accept"` resets a connection right after it was accepted; `"request"` (the default) when a request has
/// arrived whole; `"headers"` in the middle of the response head; `"body"` after as many bytes of the response body as
/// `after` says, at most all but the last. What was sent before the cut is given 2 ms to arrive, because a reset
/// discards what the gateway had no room for. `share` is drawn for each attempt, at `accept` for each connection.
///
/// # What the gateway sees
/// `ECONNRESET` on a connection that it holds: before any response, or after a part of one.
///
/// # What it stands for
/// What `cut` stands for, of which this is a short form: see `brownout explain fault/cut`.
///
/// # When it cannot be proven
/// At `accept`, a request that was on its way is never read and leaves no attempt: only the connection is evidence.
///
/// # Example
/// `reset = { at = "body", after = "1KiB", share = 0.2 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// Where to cut.
    #[serde(default)]
    pub at: CutAt,
    /// For `at = "body"`: how many bytes of the response body are sent first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Size>,
    /// The part of the attempts (at `accept`: of the connections) that is cut.
    #[serde(default)]
    pub share: Share,
}

impl Fault for Reset {
    fn effect(&self, incoming: &Incoming) -> Effect {
        self.at.effect(self.after, Ending::Rst, self.share, incoming)
    }

    fn hides_attempts(&self) -> bool {
        self.at == CutAt::Accept
    }

    fn problem(&self) -> Option<String> {
        self.at.problem(self.after)
    }

    fn outline(&self) -> Option<Outline> {
        self.at.does().map(|does| Outline::of(self.share, does))
    }
}
