//! The join key that every request carries from the client to the backends and back.

use std::fmt;

use serde::{Deserialize, Serialize};
use units::Draw;

use crate::RunNonce;

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
    /// Of what the response body is made, so that a part of it can be made anew: see [`KnownBody`](crate::KnownBody).
    pub const BODY: &str = "x-brownout-body";
}

/// XXH3-64, by which bodies are compared on both ends.
pub fn body_hash(body: &[u8]) -> u64 {
    twox_hash::XxHash3_64::oneshot(body)
}

/// The number of an exchange: dense from 0 in the order in which requests are due, so that joining is indexing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(pub u64);

impl Tag {
    /// The header value: the nonce as 16 hexadecimal digits, a dash, the number in decimal.
    pub fn header_value(self, nonce: RunNonce) -> String {
        format!("{nonce}-{}", self.0)
    }

    /// Which of so many keys a request has, from 0: the same for the same tag in every run, and drawn, so that it has nothing
    /// to do with whose turn it is.
    pub fn key(self, keys: u32) -> u32 {
        /// For keys, and for nothing else.
        const PURPOSE: u64 = 0x6B65_7973;
        (Draw::new(PURPOSE).with(self.0).bits() % u64::from(keys.max(1))) as u32
    }

    /// Reads a header value; nothing if it is malformed or belongs to another run. A tag is written in one way only, so
    /// that whoever makes one up has to know it to the digit: no sign, no capital, no zero before the number.
    pub fn parse(value: &[u8], nonce: RunNonce) -> Option<Self> {
        let (run, number) = value.split_at_checked(NONCE_DIGITS)?;
        let number = number.strip_prefix(b"-")?;
        let is_own = run.iter().enumerate().all(|(index, digit)| *digit == nonce_digit(nonce, index));
        let is_plain = match number {
            [b'0', _, ..] => false,
            digits => digits.iter().all(u8::is_ascii_digit),
        };
        (is_own && is_plain).then_some(())?;
        std::str::from_utf8(number).ok()?.parse().ok().map(Tag)
    }

    /// The first tag of this run in a request's target, for gateways that drop headers: `/orders/{tag}` or `?tag={tag}`.
    pub fn find_in(target: &[u8], nonce: RunNonce) -> Option<Self> {
        target.windows(NONCE_DIGITS + 1).enumerate().find_map(|(at, place)| {
            let begins = place[NONCE_DIGITS] == b'-' && place[0] == nonce_digit(nonce, 0);
            let rest = target.get(at..).filter(|_| begins)?;
            let digits = rest[NONCE_DIGITS + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            Tag::parse(&rest[..NONCE_DIGITS + 1 + digits], nonce)
        })
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Digits of a nonce in a tag.
const NONCE_DIGITS: usize = 16;

/// The digit at `index` of a nonce as tags write it, without the cost of writing it for each request.
fn nonce_digit(nonce: RunNonce, index: usize) -> u8 {
    b"0123456789abcdef"[(nonce.0 >> (4 * (NONCE_DIGITS - 1 - index)) & 15) as usize]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_as_often_drawn_and_have_nothing_to_do_with_whose_turn_it_is() {
        let mut counts = [0; 10];
        for tag in 0..10_000 {
            counts[Tag(tag).key(10) as usize] += 1;
        }
        // One sigma is 30.
        assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
        let even = (0..10_000).filter(|tag| Tag(*tag).key(10) % 2 == (*tag % 2) as u32).count();
        assert!((4_750..5_250).contains(&even), "{even}");
        assert_eq!((Tag(7).key(1), Tag(7).key(0)), (0, 0));
    }

    #[test]
    fn a_tag_is_read_back_only_by_its_own_run() {
        let value = Tag(42).header_value(RunNonce(7));
        assert_eq!(value, "0000000000000007-42");
        assert_eq!(Tag::parse(value.as_bytes(), RunNonce(7)), Some(Tag(42)));
        assert_eq!(Tag::parse(value.as_bytes(), RunNonce(8)), None);
        assert_eq!(Tag::parse(b"junk", RunNonce(7)), None);
    }

    #[test]
    fn a_number_is_digits_and_nothing_else() {
        for number in ["", "-5", "+5", "05", " 5", "5 ", "0x5", "18446744073709551616", "5-5", "\u{661}"] {
            let value = format!("0000000000000007-{number}");
            assert_eq!(Tag::parse(value.as_bytes(), RunNonce(7)), None, "`{value}`");
        }
        for run in ["+000000000000007", "7", "00000007", "00000000000000007"] {
            assert_eq!(Tag::parse(format!("{run}-5").as_bytes(), RunNonce(7)), None, "`{run}`");
        }
        assert_eq!(Tag::parse(b"0000000000000007-0", RunNonce(7)), Some(Tag(0)));
    }

    #[test]
    fn a_tag_is_found_wherever_a_target_has_it() {
        for (target, tag) in [
            ("/orders/0000000000000007-42", Some(42)),
            ("/0000000000000007-42/items?a=b", Some(42)),
            ("/a?x=0000000000000008-1&tag=0000000000000007-5", Some(5)),
            ("/00000000000000007-5", Some(5)),
            ("/0000000000000007-", None),
            ("/0000000000000007-05", None),
            ("/0000000000000008-5", None),
            ("/", None),
        ] {
            assert_eq!(Tag::find_in(target.as_bytes(), RunNonce(7)), tag.map(Tag), "{target}");
        }
    }

    proptest! {
        #[test]
        fn every_tag_is_read_back(nonce: u64, number: u64) {
            let value = Tag(number).header_value(RunNonce(nonce));
            prop_assert_eq!(Tag::parse(value.as_bytes(), RunNonce(nonce)), Some(Tag(number)));
            prop_assert_eq!(Tag::parse(value.to_uppercase().as_bytes(), RunNonce(nonce)).is_some(), !value.contains(|letter: char| letter.is_ascii_lowercase()));
        }

        #[test]
        fn no_bytes_make_it_panic(value: Vec<u8>) {
            prop_assert_eq!(Tag::parse(&value, RunNonce(7)), None);
            prop_assert_eq!(Tag::find_in(&value, RunNonce(7)), None);
        }
    }
}
