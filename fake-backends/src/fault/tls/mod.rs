//! Faults of TLS: certificates that are wrong, renewed or asked for, and handshakes that fail. They act on the connections
//! of backends with `tls = {}`.

pub(super) mod client_certificate;
pub(super) mod expired_certificate;
pub(super) mod handshake_stall;
pub(super) mod missing_chain;
pub(super) mod not_yet_valid_certificate;
pub(super) mod rotate_certificate;
pub(super) mod tls_alert;
pub(super) mod unknown_issuer;
pub(super) mod wrong_name_certificate;

use units::Share;

use super::{Certificate, Effect, Handshake, Incoming};

/// This in the handshake of a share of the connections; nothing on a request.
fn in_handshake(incoming: &Incoming, share: Share, handshake: Handshake) -> Effect {
    let hits = incoming.is_connection() && incoming.dice.falls_into(share);
    Effect { handshake: hits.then_some(handshake), ..Effect::default() }
}

/// This certificate for a share of the connections.
fn certificate(incoming: &Incoming, share: Share, certificate: Certificate) -> Effect {
    in_handshake(incoming, share, Handshake::Show(certificate))
}
