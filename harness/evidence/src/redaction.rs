//! What may not be on record as it is: values of secrets, which are hashed with a key that no file has.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use twox_hash::XxHash3_64;

use crate::RunNonce;

/// How the values of one run are hashed, and which are its secrets.
#[derive(Default)]
pub struct Redaction {
    key: Key,
    secrets: Vec<Vec<u8>>,
}

/// What hashes depend on beside the value.
enum Key {
    /// Drawn from the system for this run (`SipHash`), so that nobody can try values out against a file.
    Drawn(RandomState),
    /// Of a simulated run, which is the same every time and is sent no real secret.
    Of(RunNonce),
}

impl Default for Key {
    fn default() -> Self {
        Key::Drawn(RandomState::new())
    }
}

/// Neither the key nor the secrets.
impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redaction").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

impl Redaction {
    /// With a key of its own; texts that have one of `secrets` in them are not recorded.
    pub fn of<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        let secrets = secrets.filter(|secret| !secret.is_empty());
        Redaction { key: Key::default(), secrets: secrets.map(|secret| secret.as_bytes().to_vec()).collect() }
    }

    /// With hashes that are the same in every run with this nonce. Only for runs without real secrets: whoever knows the nonce
    /// can try values out.
    pub fn repeatable(nonce: RunNonce) -> Self {
        Redaction { key: Key::Of(nonce), secrets: Vec::new() }
    }

    /// The hash of a value: the same for equal values within a run.
    pub fn hash(&self, value: &[u8]) -> u64 {
        match &self.key {
            Key::Drawn(key) => {
                let mut hasher = key.build_hasher();
                hasher.write(value);
                hasher.finish()
            }
            Key::Of(nonce) => XxHash3_64::oneshot_with_seed(nonce.0, value),
        }
    }

    /// Whether a value has a secret in it.
    pub fn has_secret(&self, value: &[u8]) -> bool {
        let is_in = |secret: &Vec<u8>| value.windows(secret.len()).any(|part| part == &secret[..]);
        self.secrets.iter().any(is_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_equal_hashes_within_a_run_and_others_in_the_next() {
        let (run, next) = (Redaction::default(), Redaction::default());
        assert_eq!(run.hash(b"Bearer s3cret"), run.hash(b"Bearer s3cret"));
        assert_ne!(run.hash(b"Bearer s3cret"), run.hash(b"Bearer s3creT"));
        assert_ne!(run.hash(b"Bearer s3cret"), next.hash(b"Bearer s3cret"));
    }

    #[test]
    fn a_simulated_run_hashes_the_same_every_time() {
        let hash = |nonce| Redaction::repeatable(RunNonce(nonce)).hash(b"a");
        assert_eq!(hash(7), hash(7));
        assert_ne!(hash(7), hash(8));
    }

    #[test]
    fn a_secret_is_found_within_a_value_and_never_shown() {
        let redaction = Redaction::of(["s3cret", ""].into_iter());
        assert!(redaction.has_secret(b"Bearer s3cret, x") && !redaction.has_secret(b"s3cre"));
        assert!(!format!("{redaction:?}").contains("s3cret"));
    }
}
