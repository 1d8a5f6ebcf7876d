//! The fault that says a content coding that is not there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use crate::fault::{Content, Effect, Fault, Incoming, on_attempts};

/// Says that the body is compressed, and it is not.
///
/// # What it does
/// The head has `content-encoding: gzip` (or `br`, `deflate`, as `coding` says) over a body that is plain text. `share`
/// is drawn for each attempt.
///
/// # What the gateway sees
/// A response that fails only where it is unpacked: in a gateway that decompresses to inspect or to translate, or in
/// the client.
///
/// # What it stands for
/// A backend that compresses twice, or not at all, behind a cache that keeps the field; decompression errors that are
/// 200 in every log.
///
/// # When it cannot be proven
/// It always can: the attempt is recorded with what was sent of the answer, and when the gateway left.
///
/// # Example
/// `false_encoding = {}`
/// `false_encoding = { coding = "br" }`
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FalseEncoding {
    /// The coding that the head says.
    #[serde(default)]
    pub coding: Coding,
    /// The part of the attempts that it hits.
    #[serde(default)]
    pub share: Share,
}

impl Fault for FalseEncoding {
    fn effect(&self, incoming: &Incoming) -> Effect {
        on_attempts(incoming, self.share, || {
            let coding = match self.coding {
                Coding::Gzip => "gzip",
                Coding::Br => "br",
                Coding::Deflate => "deflate",
            };
            Effect { content: Some(Content::SaidToBe(coding)), ..Effect::default() }
        })
    }
}

/// A content coding (RFC 9110, section 8.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Coding {
    /// gzip.
    #[default]
    Gzip,
    /// Brotli.
    Br,
    /// zlib.
    Deflate,
}
