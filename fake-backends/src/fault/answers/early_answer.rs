//! The fault that answers before the body of the request has arrived.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use crate::fault::{Effect, Fault, Incoming, Read, on_attempts};

/// Answers as soon as the head of the request has arrived, without reading its body.
///
/// # What it does
/// The answer is sent at once; the body of the request is read afterwards, so that the connection can be used again.
/// `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A whole response while it is still sending: it has to stop, or to finish the body, and must not use the connection
/// for another request before.
///
/// # What it stands for
/// A backend that refuses by the head alone (401, 413, 429), an upload that is rejected early: the race in which
/// gateways reset clients or mix up requests.
///
/// # When it cannot be proven
/// A request without a body has nothing that could be left unread: there it is like a normal answer.
///
/// # Example
/// `early_answer = {}`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EarlyAnswer {
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for EarlyAnswer {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || Effect { read: Some(Read::AfterTheAnswer), ..Effect::default() })
    }
}
