//! The join key that every request carries from the client to the backends and back.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The request and response header that carries the tag. Gateways pass headers they don't know; names with `_`
/// would be dropped by nginx and Caddy.
pub const TAG_HEADER: &str = "x-brownout-tag";

/// The other headers that a fake backend answers with, so that the client can tell who answered.
pub mod headers {
    /// The index of the backend that answered, in decimal. A response without it was made by the gateway.
    pub const BACKEND: &str = "x-brownout-backend";
    /// The number of the attempt (from 1, over the whole pool) that this response answers.
    pub const ATTEMPT: &str = "x-brownout-attempt";
    /// XXH3-64 of the response body, as 16 hexadecimal digits.
    pub const BODY_HASH: &str = "x-brownout-body-hash";
}

/// XXH3-64, by which bodies are compared on both ends.
pub fn body_hash(body: &[u8]) -> u64 {
    twox_hash::XxHash3_64::oneshot(body)
}

/// Tells one run's tags from another's, so that a late retry of an earlier run is not counted in this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunNonce(pub u32);

/// The number of an exchange: dense from 0 in the order in which requests are due, so that joining is indexing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(pub u64);

impl Tag {
    /// The header value: the nonce as 8 hexadecimal digits, a dash, the number in decimal.
    pub fn header_value(self, nonce: RunNonce) -> String {
        format!("{:08x}-{}", nonce.0, self.0)
    }

    /// Reads a header value; nothing if it is malformed or belongs to another run.
    pub fn parse(value: &[u8], nonce: RunNonce) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let (run, number) = text.split_once('-')?;
        (run.len() == 8 && u32::from_str_radix(run, 16).ok()? == nonce.0).then_some(())?;
        number.parse().ok().map(Tag)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_back_only_by_its_own_run() {
        let value = Tag(42).header_value(RunNonce(7));
        assert_eq!(value, "00000007-42");
        assert_eq!(Tag::parse(value.as_bytes(), RunNonce(7)), Some(Tag(42)));
        assert_eq!(Tag::parse(value.as_bytes(), RunNonce(8)), None);
        assert_eq!(Tag::parse(b"junk", RunNonce(7)), None);
    }
}
