//! The fault that answers with what is no HTTP.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use crate::fault::{Answer, Effect, Fault, Incoming, on_attempts};

/// Answers with bytes that are no HTTP, and closes.
///
/// # What it does
/// The request is read whole; the answer is `text` (a line of SSH without it), and then the connection is closed (FIN).
/// `share` is drawn for each attempt.
///
/// # What the gateway sees
/// What can not be parsed as a response.
///
/// # What it stands for
/// A port that another service listens on; TLS where plain text is expected.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded as `spoiled`, without a status.
///
/// # Example
/// `garbage = {}`
/// `garbage = { text = "hello\\r\\n", share = 0.1 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Garbage {
    /// What is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for Garbage {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let text = self.text.as_deref().unwrap_or(SSH);
            Effect { answer: Some(Answer::Garbage(text.into())), ..Effect::default() }
        })
    }

    fn problem(&self) -> Option<String> {
        let text = self.text.as_deref()?;
        text.starts_with("HTTP/").then(|| "`text` begins like HTTP: expected what is none".into())
    }
}

/// What another service on the port would say.
const SSH: &str = "SSH-2.0-OpenSSH_9.6\r\n";
