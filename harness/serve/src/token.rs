//! Bearer tokens: drawn from the system, shown once, kept as a hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};

/// What a token starts with, so that scanners for leaked secrets can be told.
const PREFIX: &str = "brownout_";

/// The bytes of a secret: 256 bits can't be guessed, so a hash that is slow on purpose would protect nothing, and would
/// let anybody keep the server busy with wrong tokens.
const SECRET: usize = 32;

/// The longest text that is looked at as a token.
pub(crate) const TOKEN_MAX: usize = 64;

/// The SHA-256 of a secret, the only form in which one is kept.
pub(crate) type Hashed = [u8; 32];

/// A new token.
pub(crate) fn draw() -> Result<String, rand::rngs::SysError> {
    let mut secret = [0; SECRET];
    SysRng.try_fill_bytes(&mut secret)?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(secret)))
}

/// The hash by which `token` is known; `None` for what can't be one.
///
/// Looking up a hash takes a time that depends on the hash and not on the token, of which nobody can choose a prefix: so
/// nothing is learnt from how long a refusal takes. What is found is still compared in constant time.
pub(crate) fn hashed(token: &str) -> Option<Hashed> {
    let is_one = token.len() <= TOKEN_MAX && token.starts_with(PREFIX);
    is_one.then(|| Sha256::digest(token.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_are_short_enough_to_be_looked_at_and_are_known_by_their_hash_only() {
        let (one, other) = (draw().unwrap(), draw().unwrap());
        assert_ne!(one, other);
        assert!(one.len() <= TOKEN_MAX, "{one}");
        assert_eq!(hashed(&one), hashed(&one));
        assert_ne!(hashed(&one), hashed(&other));
    }

    #[test]
    fn what_can_t_be_a_token_is_not_hashed() {
        for text in ["", "brownout", "bearer_x", &format!("{PREFIX}{}", "a".repeat(TOKEN_MAX))] {
            assert_eq!(hashed(text), None, "{text}");
        }
    }
}
