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

use super::{Effect, Handshake, Incoming};

/// This in the handshake of a share of the connections; nothing on a request.
fn in_handshake(incoming: &Incoming, share: Share, handshake: Handshake) -> Effect {
    let hits = incoming.is_connection() && incoming.dice.falls_into(share);
    Effect { handshake: hits.then_some(handshake), ..Effect::default() }
}

/// Declares a fault that shows a certificate which has to be refused, to a share of the connections. What a gateway refuses,
/// it sends no request on.
macro_rules! wrong_certificate {
    ($(#[doc = $doc:literal])* $name:ident: $certificate:ident) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// The part of the connections that is shown it.
            #[serde(default)]
            pub share: units::Share,
        }

        impl $crate::fault::Fault for $name {
            fn effect(&self, incoming: &$crate::fault::Incoming) -> $crate::fault::Effect {
                let certificate = $crate::fault::Certificate::$certificate;
                super::in_handshake(incoming, self.share, $crate::fault::Handshake::Show(certificate))
            }

            fn hides_attempts(&self) -> bool {
                true
            }

            fn needs_tls(&self) -> bool {
                true
            }

            fn outline(&self) -> Option<$crate::fault::Outline> {
                Some($crate::fault::Outline::of(self.share, $crate::fault::Does::Refuses))
            }
        }
    };
}
use wrong_certificate;
