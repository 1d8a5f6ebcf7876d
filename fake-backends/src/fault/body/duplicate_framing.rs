//! The fault that tells the end of a body in two ways.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use crate::fault::{Effect, Fault, Framing, Incoming, on_attempts};

/// Tells the end of the body twice, and not the same.
///
/// # What it does
/// With `by = "lengths"` the head has two `content-length` fields, of which one is right and one too large by 1; with
/// `"length-and-chunks"` (the default) a `content-length` and a chunked body. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A response that RFC 9112 (section 6.3) calls invalid, or whose length must be ignored: whether it refuses, passes
/// both on, or repairs it.
///
/// # What it stands for
/// Two layers that both frame the message; the ground of response smuggling.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded as `spoiled`, or as `closed` where the connection was closed behind it.
///
/// # Example
/// `duplicate_framing = {}`
/// `duplicate_framing = { by = "lengths" }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DuplicateFraming {
    /// Which two.
    #[serde(default)]
    pub by: Twice,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for DuplicateFraming {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let framing = match self.by {
                Twice::Lengths => Framing::TwoLengths,
                Twice::LengthAndChunks => Framing::LengthAndChunks,
            };
            Effect { framing: Some(framing), ..Effect::default() }
        })
    }
}

/// In which two ways the end of a body is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Twice {
    /// By two lengths that differ.
    Lengths,
    /// By a length and in chunks.
    #[default]
    LengthAndChunks,
}
