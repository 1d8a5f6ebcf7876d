//! The fault that never answers in a handshake.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use super::in_handshake;
use crate::fault::{Effect, Fault, Handshake, Incoming};

/// Takes the first word of a handshake, and never answers it.
///
/// # What it does
/// On a connection that is accepted while the fault is in force, what the client sends is read, and nothing is sent, until the
/// client leaves or the run ends. `share` is drawn for each connection.
///
/// # What the gateway sees
/// A connection that it could make and that gets no further. Where the timer over a connect covers TCP alone, only the one
/// over the request helps, if it is counted from before the handshake.
///
/// # What it stands for
/// A process that is out of threads or of entropy, or waits for its own key service, while the kernel accepts for it; a
/// middlebox that drops packets of more than a certain size, which a hello with a post-quantum key share is.
///
/// # When it cannot be proven
/// A request that waits for such a connection is never sent and leaves no attempt: only the connection is evidence. The
/// backend has to speak TLS (`tls = {}`).
///
/// # Example
/// `handshake_stall = {}`
/// `handshake_stall = { share = 0.5 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandshakeStall {
    /// The part of the connections that is never answered.
    #[serde(default)]
    pub share: Share,
}

impl Fault for HandshakeStall {
    fn effect(&self, incoming: &Incoming) -> Effect {
        in_handshake(incoming, self.share, Handshake::Stall)
    }

    fn hides_attempts(&self) -> bool {
        true
    }

    fn needs_tls(&self) -> bool {
        true
    }
}
