//! The fault that is none: a certificate that is renewed while there is load.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Timespan};

use super::in_handshake;
use crate::fault::{After, Certificate, Does, Effect, Ending, Fault, Handshake, Incoming, Outline};

/// Renews the certificate while there is load: no request may fail of it.
///
/// # What it does
/// From its start on, connections are shown a new certificate with a new key, for the same names and of the same authority;
/// with `every`, another one each time that so much of the run has passed. Connections that were open before go on under the
/// old one, unless `drain = true`: then each answer says `connection: close`, and its connection is closed (FIN) behind it, so
/// that all traffic moves to new connections, and every request meets a handshake.
///
/// # What the gateway sees
/// A certificate other than the one before, as valid as that.
///
/// # What it stands for
/// What certificate managers do every few weeks or hours (ACME, cert-manager, a mesh's authority): harmless, but to gateways
/// that pin a certificate, resume sessions across the change, or fail requests whose connection is being drained.
///
/// # When it cannot be proven
/// If the gateway makes no new connection while it is in force: without `drain`, connections that are kept alive see nothing of
/// it. The backend has to speak TLS (`tls = {}`).
///
/// # Example
/// `rotate_certificate = {}`
/// `rotate_certificate = { every = "500ms", drain = true }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateCertificate {
    /// How long each certificate is shown. Without it, there is one new certificate for all of the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Timespan>,
    /// Whether each connection is closed after one answer, in good order.
    #[serde(default)]
    pub drain: bool,
}

/// The shortest time between two certificates: making one takes a part of a millisecond.
const SHORTEST: Duration = Duration::from_millis(10);

impl Fault for RotateCertificate {
    fn effect(&self, incoming: &Incoming) -> Effect {
        if incoming.is_connection() {
            let number = self.every.map_or(0, |every| incoming.at.0 / every.as_nanos().max(1) as i64);
            let renewed = Certificate::Renewed(number.max(0).cast_unsigned());
            return in_handshake(incoming, Share::ALL, Handshake::Show(renewed));
        }
        if !self.drain {
            return Effect::default();
        }
        Effect {
            fields: Some(vec![("connection".into(), "close".into())]),
            after: Some(After::End(Ending::Fin)),
            ..Effect::default()
        }
    }

    fn needs_tls(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        let every = self.every.filter(|every| **every < SHORTEST)?;
        Some(format!("a new certificate every {every}, at least {} are between two", Timespan(SHORTEST)))
    }

    /// It makes no attempt fail, and none late.
    fn outline(&self) -> Option<Outline> {
        Some(Outline::of(Share::ALL, Does::Delays(Duration::ZERO, Duration::ZERO)))
    }
}

#[cfg(test)]
mod tests {
    use units::Moment;

    use super::*;
    use crate::fault::Dice;

    fn shown(fault: &str, millis: i64) -> Option<Handshake> {
        let fault: RotateCertificate = toml::from_str(fault).unwrap();
        let dice = Dice::of_connection(1, 0, 1);
        let incoming = Incoming { dice, tag: None, number: 0, at: Moment(millis * 1_000_000) };
        fault.effect(&incoming).handshake
    }

    #[test]
    fn there_is_one_new_certificate_or_one_after_the_other() {
        let renewed = |number| Some(Handshake::Show(Certificate::Renewed(number)));
        assert_eq!((shown("", 0), shown("", 90_000)), (renewed(0), renewed(0)));
        let every = "every = '500ms'";
        assert_eq!(
            [0, 499, 500, 90_000].map(|at| shown(every, at)),
            [renewed(0), renewed(0), renewed(1), renewed(180)]
        );
    }

    #[test]
    fn certificates_are_not_renewed_faster_than_they_can_be_made() {
        let fault: RotateCertificate = toml::from_str("every = '1ms'").unwrap();
        assert_eq!(fault.problem().unwrap(), "a new certificate every 1 ms, at least 10 ms are between two");
    }
}
