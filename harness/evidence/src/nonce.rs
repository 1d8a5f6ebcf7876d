//! What tells one run's tags from another's.

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Tells one run's tags from another's, so that a late retry of an earlier run is not counted in this one; and long
/// enough that nobody guesses it who does not see the traffic.
///
/// In documents it is text, 16 hexadecimal digits, because JSON's readers lose the last of 64 bits. Evidence of format 1
/// has 32 bits, as a number, and is read too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunNonce(pub u64);

impl fmt::Display for RunNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for RunNonce {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RunNonce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrDigits)
    }
}

struct NumberOrDigits;

impl Visitor<'_> for NumberOrDigits {
    type Value = RunNonce;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("16 hexadecimal digits")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<RunNonce, E> {
        Ok(RunNonce(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RunNonce, E> {
        let number = u64::from_str_radix(text, 16).map(RunNonce).ok();
        // Written back it is the same: no sign, no capital, no digit more or less.
        number
            .filter(|nonce| nonce.to_string() == text)
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_digits_and_read_as_digits_or_as_a_number() {
        let text = serde_json::to_string(&RunNonce(u64::MAX - 1)).unwrap();
        assert_eq!(text, "\"fffffffffffffffe\"");
        assert_eq!(serde_json::from_str::<RunNonce>(&text).unwrap(), RunNonce(u64::MAX - 1));
        assert_eq!(serde_json::from_str::<RunNonce>("4026531841").unwrap(), RunNonce(4_026_531_841));
    }

    #[test]
    fn what_is_no_nonce_is_refused_with_what_was_expected() {
        for text in ["\"+000000000000007\"", "\"FFFFFFFFFFFFFFFF\"", "\"7\"", "-1", "null"] {
            let error = serde_json::from_str::<RunNonce>(text).unwrap_err().to_string();
            assert!(error.contains("expected 16 hexadecimal digits"), "{error}");
        }
    }
}
