//! The fault that tells the end of a body in another way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use crate::fault::{Effect, Fault, Framing, Incoming, on_attempts};

/// Tells the end of the body in another way than by its length; rightly.
///
/// # What it does
/// `by = "chunks"` sends the body in chunks of at most 1 KiB; `"close"` sends it without a length and closes the
/// connection behind it. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A response that it has to buffer or stream without knowing its length; behind `"close"`, whether it is whole can not
/// be told.
///
/// # What it stands for
/// What every application server does now and then, and what other faults of bodies are combined with.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded with what was sent of the answer, and when the gateway left.
///
/// # Example
/// `framing = { by = "chunks" }`
/// `framing = { by = "close", share = 0.5 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FramedBy {
    /// How.
    pub by: FramingBy,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for FramedBy {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let framing = match self.by {
                FramingBy::Chunks => Framing::Chunked(1024),
                FramingBy::Close => Framing::UntilClose,
            };
            Effect { framing: Some(framing), ..Effect::default() }
        })
    }
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FramingBy {
    /// In chunks.
    Chunks,
    /// By the end of the connection.
    Close,
}
