//! The fault that leaves the last chunk out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use crate::fault::{Does, Effect, Fault, Framing, Incoming, Outline, on_attempts};

/// Sends a chunked body without its last chunk, and closes.
///
/// # What it does
/// All bytes of the body are sent in two chunks; the chunk of size 0, which says that it is whole, is not. Then the
/// connection is closed (FIN). `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A body that may be whole and may not: it must not pass it on as whole (RFC 9112, section 8).
///
/// # What it stands for
/// A worker that is killed between the last byte and the end; a proxy that times out and closes in order.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded as `spoiled`, or as `closed` where the connection was closed behind it.
///
/// # Example
/// `missing_last_chunk = {}`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MissingLastChunk {
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for MissingLastChunk {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || Effect {
            framing: Some(Framing::NoLastChunk),
            ..Effect::default()
        })
    }

    fn outline(&self) -> Option<Outline> {
        Some(Outline::of(self.share, Does::Cuts))
    }
}
