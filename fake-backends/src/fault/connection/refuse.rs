//! The fault that closes the listener.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use crate::fault::{Does, Effect, Fault, Incoming, Listening, Outline};

/// Closes the port, as a process that died does.
///
/// # What it does
/// At its start the listener is closed. Connections that are idle are closed (FIN); those with a request on them are
/// reset, as are those that nobody had accepted. At its end the backend listens on the same address again.
///
/// # What the gateway sees
/// `ECONNREFUSED` for every new connection; FIN or RST on those that it held.
///
/// # What it stands for
/// A process that crashed or is being restarted; a port that is not open yet after a deployment.
///
/// # When it cannot be proven
/// A refused connection leaves no trace at the backend, so attempts can't be counted while it is in force. That the
/// port was closed, and from when to when, is recorded as a firing.
///
/// # Example
/// `refuse = {}`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refuse {}

impl Fault for Refuse {
    /// Nothing: it acts on the listener, not on what arrives.
    fn effect(&self, _: &Incoming) -> Effect {
        Effect::default()
    }

    fn hides_attempts(&self) -> bool {
        true
    }

    fn listener(&self) -> Option<Listening> {
        Some(Listening::Refuses)
    }

    fn outline(&self) -> Option<Outline> {
        Some(Outline::of(Share::ALL, Does::Refuses))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_hides_attempts_behind_a_closed_listener_and_knows_no_settings() {
        let refuse: Refuse = toml::from_str("").unwrap();
        assert!(refuse.hides_attempts() && refuse.listener() == Some(Listening::Refuses));
        assert!(toml::from_str::<Refuse>("share = 0.5").is_err());
    }
}
