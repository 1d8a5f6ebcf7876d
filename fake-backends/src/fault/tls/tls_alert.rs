//! The fault that answers a handshake with an alert.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use super::in_handshake;
use crate::fault::{Does, Effect, Fault, Handshake, Incoming, Outline};

/// Answers the first word of a handshake with a fatal alert.
///
/// # What it does
/// On a connection that is accepted while the fault is in force, the client's hello is answered with the alert that `say` names
/// (`"handshake-failure"` if it names none), and the connection is closed (FIN). `share` is drawn for each connection.
///
/// # What the gateway sees
/// A handshake that fails at once, by the backend's own word.
///
/// # What it stands for
/// Versions or cipher suites that a hardened backend no longer shares with the gateway (`handshake-failure`,
/// `protocol-version`); a host that the server does not know (`unrecognized-name`); a server that is broken inside
/// (`internal-error`).
///
/// # When it cannot be proven
/// A request that waits for such a connection is never sent and leaves no attempt: only the connection is evidence. The
/// backend has to speak TLS (`tls = {}`).
///
/// # Example
/// `tls_alert = {}`
/// `tls_alert = { say = "internal-error", share = 0.5 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsAlert {
    /// What the alert says.
    #[serde(default)]
    pub say: Alert,
    /// The part of the connections that is answered with it.
    #[serde(default)]
    pub share: Share,
}

/// What a fatal alert says (RFC 8446, section 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Alert {
    /// There is no set of parameters that both sides would take.
    #[default]
    HandshakeFailure,
    /// The client is known, and not let in.
    AccessDenied,
    /// The client's version is not spoken.
    ProtocolVersion,
    /// What the client offers is too weak.
    InsufficientSecurity,
    /// Something of the server's own failed.
    InternalError,
    /// There is no server of the name that was asked for.
    UnrecognizedName,
}

impl Alert {
    /// The number that it has on the wire.
    fn code(self) -> u8 {
        match self {
            Alert::HandshakeFailure => 40,
            Alert::AccessDenied => 49,
            Alert::ProtocolVersion => 70,
            Alert::InsufficientSecurity => 71,
            Alert::InternalError => 80,
            Alert::UnrecognizedName => 112,
        }
    }
}

impl Fault for TlsAlert {
    fn effect(&self, incoming: &Incoming) -> Effect {
        in_handshake(incoming, self.share, Handshake::Alert(self.say.code()))
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
