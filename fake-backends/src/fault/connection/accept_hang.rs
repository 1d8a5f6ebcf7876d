//! The fault that accepts connections and never reads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use crate::fault::{Accept, Effect, Fault, Incoming};

/// Accepts connections and never reads from them.
///
/// # What it does
/// A connection that is accepted while the fault is in force is left alone until the gateway leaves or the run ends:
/// nothing is read, nothing is sent. `share` is drawn for each connection. Connections that were open before go on.
///
/// # What the gateway sees
/// A connection that it could make, and on which nothing answers: its per-try or connection timeout is all that helps,
/// and a TCP health check passes.
///
/// # What it stands for
/// A process whose event loop or accept thread is stuck while the kernel still accepts for it.
///
/// # When it cannot be proven
/// A request on such a connection is never read and leaves no attempt: only the connection is evidence.
///
/// # Example
/// `accept_hang = {}`
/// `accept_hang = { share = 0.5 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptHang {
    /// The part of the connections that is left alone.
    #[serde(default)]
    pub share: Share,
}

impl Fault for AcceptHang {
    fn effect(&self, incoming: &Incoming) -> Effect {
        if !incoming.is_connection() || !incoming.dice.falls_into(self.share) {
            return Effect::default();
        }
        Effect { accept: Some(Accept::Silence), ..Effect::default() }
    }

    fn hides_attempts(&self) -> bool {
        true
    }
}
