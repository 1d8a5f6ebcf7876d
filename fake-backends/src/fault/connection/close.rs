//! The fault that closes connections.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Size};

use super::cut::CutAt;
use crate::fault::{Effect, Ending, Fault, Incoming, Outline};

/// Closes the connection (FIN) at a chosen place.
///
/// # What it does
/// `at = "accept"` closes a connection right after it was accepted; `"request"` (the default) when a request has
/// arrived whole; `"headers"` in the middle of the response head; `"body"` after as many bytes of the response body as
/// `after` says, at most all but the last. `share` is drawn for each attempt, at `accept` for each connection. What the
/// gateway still sends is read and thrown away for up to 2 s, so that the FIN is not overtaken by a reset.
///
/// # What the gateway sees
/// The end of the stream on a connection that it holds: before any response, or after a part of one whose length was
/// declared.
///
/// # What it stands for
/// What `cut` stands for, of which this is a short form: see `brownout explain fault/cut`.
///
/// # When it cannot be proven
/// At `accept`, a request that was on its way is never read and leaves no attempt: only the connection is evidence.
///
/// # Example
/// `close = { at = "body", after = "1KiB", share = 0.2 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Close {
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

impl Fault for Close {
    fn effect(&self, incoming: &Incoming) -> Effect {
        self.at.effect(self.after, Ending::Fin, self.share, incoming)
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
