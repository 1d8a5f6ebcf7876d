//! The fault that changes bytes of bodies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use crate::fault::{Content, Effect, Fault, Incoming, on_attempts};

/// Changes bytes of the body, in an answer that is right otherwise.
///
/// # What it does
/// One byte in `every` of the body is changed (1 in 100 without it). Length and framing are right; the hash by which
/// the client compares is that of the changed body, so that a gateway that passes it on is not blamed. `share` is drawn
/// for each attempt.
///
/// # What the gateway sees
/// A whole response, whose content makes no sense.
///
/// # What it stands for
/// A disk or a cache that went bad, a transfer in the wrong character set. What notices is a gateway that parses
/// bodies: to translate, to validate, to count tokens.
///
/// # When it cannot be proven
/// It always can: the attempt has the hash of what was sent.
///
/// # Example
/// `corrupt = { every = 50 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Corrupt {
    /// Of how many bytes one is changed; 100 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u32>,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for Corrupt {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || Effect {
            content: Some(Content::Corrupt(self.every.unwrap_or(100))),
            ..Effect::default()
        })
    }

    fn problem(&self) -> Option<String> {
        (self.every == Some(0)).then(|| "`every = 0` changes nothing: expected at least 1".into())
    }
}
