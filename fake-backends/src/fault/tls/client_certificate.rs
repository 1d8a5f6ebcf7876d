//! The fault that demands a certificate of the gateway.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use super::in_handshake;
use crate::fault::{Effect, Fault, Handshake, Incoming};

/// Demands a certificate of the client, which nobody has.
///
/// # What it does
/// The handshake of a connection that is accepted while the fault is in force asks for a certificate that the run's own
/// authority has signed, and ends with an alert where none comes, or another one. `share` is drawn for each connection.
///
/// # What the gateway sees
/// Under TLS 1.2 a handshake that fails. Under TLS 1.3 it is done with its part before the backend refuses it: it may have
/// sent a request by the time that the alert `certificate_required` arrives.
///
/// # What it stands for
/// Mutual TLS that was switched on at a backend, or in a mesh (`STRICT`), before the gateway had been given a certificate; a
/// client certificate that was lost in a deployment.
///
/// # When it cannot be proven
/// A request on such a connection is never read and leaves no attempt: only the connection is evidence. The backend has to
/// speak TLS (`tls = {}`).
///
/// # Example
/// `client_certificate = {}`
/// `client_certificate = { share = 0.5 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    /// The part of the connections on which it is demanded.
    #[serde(default)]
    pub share: Share,
}

impl Fault for ClientCertificate {
    fn effect(&self, incoming: &Incoming) -> Effect {
        in_handshake(incoming, self.share, Handshake::DemandCertificate)
    }

    fn hides_attempts(&self) -> bool {
        true
    }

    fn needs_tls(&self) -> bool {
        true
    }
}
