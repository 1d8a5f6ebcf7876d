//! The fault that says a wrong length.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Size};

use crate::fault::{Does, Effect, Fault, Framing, Incoming, Outline, on_attempts};

/// Says that the body is longer, or shorter, than it is.
///
/// # What it does
/// `content-length` says `longer` or `shorter` bytes than the body has. Behind a body that was said to be longer the
/// connection is closed; behind one that was said to be shorter the rest follows, as if it were the next answer, and
/// the connection stays open. `share` is drawn for each attempt.
///
/// # What the gateway sees
/// A body that breaks off, or bytes that belong to no response: whether it passes them on, to whom, and whether it uses
/// the connection again.
///
/// # What it stands for
/// A backend that computes the length before it compresses or translates; desynchronised connections (response
/// smuggling).
///
/// # When it cannot be proven
/// It always can: the attempt is recorded as `spoiled`, or as `closed` where the connection was closed behind it.
///
/// # Example
/// `wrong_length = { longer = "10B" }`
/// `wrong_length = { shorter = "10B", share = 0.1 }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WrongLength {
    /// By how much the length is too large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longer: Option<Size>,
    /// By how much it is too small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shorter: Option<Size>,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for WrongLength {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let longer = self.longer.map(|by| Framing::LengthTooLong(by.0));
            let framing = longer.or(self.shorter.map(|by| Framing::LengthTooShort(by.0)));
            Effect { framing, ..Effect::default() }
        })
    }

    fn problem(&self) -> Option<String> {
        match (self.longer, self.shorter) {
            (Some(by), None) | (None, Some(by)) => {
                (by.0 == 0).then(|| "a length that is wrong by 0 is right: expected a size above zero".into())
            }
            (None, None) => Some("expected `longer` or `shorter`, found neither".into()),
            (Some(_), Some(_)) => Some("expected either `longer` or `shorter`, found both".into()),
        }
    }

    fn outline(&self) -> Option<Outline> {
        self.longer.map(|_| Outline::of(self.share, Does::Cuts))
    }
}
