//! The fault that leaves out the intermediate certificate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use super::certificate;
use crate::fault::{Certificate, Does, Effect, Fault, Incoming, Outline};

/// Shows a certificate without the intermediate that signed it.
///
/// # What it does
/// The handshake of a connection that is accepted while the fault is in force is gone through with the certificate alone,
/// which an intermediate authority has signed and not the root. `share` is drawn for each connection.
///
/// # What the gateway sees
/// A certificate whose issuer it does not have: it ends the handshake with the alert `unknown_ca`. Browsers fetch or
/// remember missing intermediates, gateways do not.
///
/// # What it stands for
/// A deployment of `cert.pem` in place of `fullchain.pem`, which works in every browser and for no client.
///
/// # When it cannot be proven
/// A gateway that refuses the certificate sends no request, so that attempts can't be counted while it is in force. That the
/// certificate was shown is recorded with the connection. The backend has to speak TLS (`tls = {}`).
///
/// # Example
/// `missing_chain = {}`
/// `missing_chain = { share = 0.5 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MissingChain {
    /// The part of the connections that is shown it.
    #[serde(default)]
    pub share: Share,
}

impl Fault for MissingChain {
    fn effect(&self, incoming: &Incoming) -> Effect {
        certificate(incoming, self.share, Certificate::WithoutChain)
    }

    fn hides_attempts(&self) -> bool {
        true
    }

    fn needs_tls(&self) -> bool {
        true
    }

    fn outline(&self) -> Option<Outline> {
        Some(Outline::of(self.share, Does::Refuses))
    }
}
