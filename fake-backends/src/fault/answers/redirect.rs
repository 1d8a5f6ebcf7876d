//! The fault that redirects.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use crate::fault::{Answer, Does, Effect, Fault, Incoming, Outline, on_attempts};

/// Answers with a redirect.
///
/// # What it does
/// The answer has the status `code` (302 without it) and the `location` field `to`. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A status of 301, 302, 303, 307 or 308 with a `location`, which it passes on, follows (Envoy can) or rewrites.
///
/// # What it stands for
/// A backend that sends clients to its own address, which they cannot reach, or back to the gateway without end.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded with what was sent of the answer, and when the gateway left.
///
/// # Example
/// `redirect = { to = "/elsewhere" }`
/// `redirect = { code = 307, to = "http://backend.internal/orders", share = 0.1 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// Where to: the value of the `location` field.
    pub to: String,
    /// The status: 301, 302 (without it), 303, 307 or 308.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for Redirect {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || Effect {
            answer: Some(Answer::Status { code: self.code.unwrap_or(302), body: None }),
            fields: Some(vec![("location".to_owned(), self.to.clone())]),
            ..Effect::default()
        })
    }

    fn problem(&self) -> Option<String> {
        match self.code {
            Some(code) if !matches!(code, 301 | 302 | 303 | 307 | 308) => {
                Some(format!("`{code}` does not redirect: expected 301, 302, 303, 307 or 308"))
            }
            _ => super::status::header_problem("location", &self.to),
        }
    }

    fn outline(&self) -> Option<Outline> {
        Some(Outline::of(self.share, Does::Answers(self.code.unwrap_or(302))))
    }
}
