//! The fault that reads requests slowly.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{ByteRate, Share};

use crate::fault::{Effect, Fault, Incoming, Read, on_attempts};

/// Reads the body of the request slowly.
///
/// # What it does
/// The head is read at once, the body at `rate`. What the kernel buffers (some hundred KiB on loopback) it takes at
/// once: larger bodies are held back. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A connection that takes its bytes slowly: it has to buffer, to hold back the client, or to give up.
///
/// # What it stands for
/// A backend that writes uploads to a slow disk, or scans them for viruses.
///
/// # When it cannot be proven
/// A request without a body is read at once. How long the body took is recorded.
///
/// # Example
/// `slow_read = { rate = "64KiB/s" }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowRead {
    /// Bytes a second.
    pub rate: ByteRate,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for SlowRead {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let read = Read::Slowly(self.rate.get());
            Effect { read: Some(read), ..Effect::default() }
        })
    }
}
