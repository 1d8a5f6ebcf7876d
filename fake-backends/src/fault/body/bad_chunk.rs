//! The fault that sends a chunk with a broken size.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use crate::fault::{Effect, Fault, Framing, Incoming, on_attempts};

/// Sends a chunked body whose second chunk has a size that is no number.
///
/// # What it does
/// The first half of the body is a chunk as it should be; the size line of the second says `zz`. Then the connection is
/// closed. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A body that breaks off with what is no HTTP, after a head and a part that were right.
///
/// # What it stands for
/// A bug in a server or a middlebox that writes into the stream; memory that was overwritten.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded as `spoiled`, or as `closed` where the connection was closed behind it.
///
/// # Example
/// `bad_chunk = {}`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BadChunk {
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for BadChunk {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || Effect { framing: Some(Framing::BadChunk), ..Effect::default() })
    }
}
