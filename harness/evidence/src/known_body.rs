//! Bodies that both ends can make, so that what arrived of one that broke off can be told from other bytes.
//!
//! A hash of the whole proves nothing about a part. So a backend says in a header of what its body is made: how it
//! starts, how many bytes of filler follow, and how it ends. The client makes the part that arrived anew, and compares
//! hashes.

use std::hash::Hasher;

use twox_hash::XxHash3_64;

/// What bodies are filled with, over and over.
pub const BODY_FILLER: &[u8; 16] = b"0123456789abcdef";

/// The longest start that is told, in bytes of the header. Gateways hold 4 to 8 KiB of response head; a body with a longer
/// start of its own (a text that the scenario gives) can be proven up to here.
const START_MAX: usize = 1024;

/// Stands where the length of the filler would, for a body that goes on in a way that was not told.
const UNTOLD: &[u8] = b"?";

/// Of what a body is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownBody {
    start: Vec<u8>,
    /// Bytes of filler after the start; nothing if it is not told how the body goes on.
    filler: Option<u64>,
    end: Vec<u8>,
}

impl KnownBody {
    /// Appends the header value of a body that is `start`, `filler` bytes of [`BODY_FILLER`], and `end`.
    pub fn write_header(out: &mut Vec<u8>, start: &[u8], filler: u64, end: &[u8]) {
        let room = out.len() + START_MAX;
        for byte in start {
            if out.len() >= room {
                out.push(b' ');
                return out.extend_from_slice(UNTOLD);
            }
            push_escaped(out, *byte);
        }
        out.push(b' ');
        out.extend_from_slice(filler.to_string().as_bytes());
        out.push(b' ');
        for byte in end {
            push_escaped(out, *byte);
        }
    }

    /// Reads a header value; nothing if it is none.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let mut fields = value.split(|byte| *byte == b' ');
        let (start, filler) = (fields.next()?, fields.next()?);
        // An empty end is lost with the blank before it: the ends of a header value are trimmed.
        let end = fields.next().unwrap_or_default();
        if fields.next().is_some() {
            return None;
        }
        let filler =
            if filler == UNTOLD { None } else { Some(std::str::from_utf8(filler).ok()?.parse().ok()?) };
        Some(KnownBody { start: unescaped(start)?, filler, end: unescaped(end)? })
    }

    /// Whether the first `count` bytes of it have this XXH3-64; nothing if it is not told what they are.
    pub fn begins_with(&self, count: u64, hash: u64) -> Option<bool> {
        let mut hasher = XxHash3_64::new();
        let mut left = count;
        let mut take = |bytes: &[u8], left: &mut u64| {
            let part = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
            hasher.write(&bytes[..part]);
            *left -= part as u64;
        };
        take(&self.start, &mut left);
        let Some(filler) = self.filler else {
            return (left == 0).then(|| hasher.finish() == hash);
        };
        // Blocks, because hashing 16 bytes at a time is slow; only the last one is not whole.
        let block: Vec<u8> = BODY_FILLER.iter().copied().cycle().take(4096).collect();
        let mut rest = filler;
        while left > 0 && rest > 0 {
            let part = rest.min(block.len() as u64);
            take(&block[..part as usize], &mut left);
            rest -= part;
        }
        take(&self.end, &mut left);
        // More bytes than there are can't be the beginning of it.
        Some(left == 0 && hasher.finish() == hash)
    }
}

/// Writes a byte as it is if it can stand in a header value, and as `%` with two digits otherwise.
fn push_escaped(out: &mut Vec<u8>, byte: u8) {
    if byte.is_ascii_graphic() && byte != b'%' {
        out.push(byte);
    } else {
        let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
        out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
    }
}

fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        if *byte == b'%' {
            let mut digit = || char::from(*rest.next()?).to_digit(16);
            bytes.push((digit()? * 16 + digit()?) as u8);
        } else {
            bytes.push(*byte);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::body_hash;

    fn header(start: &[u8], filler: u64, end: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        KnownBody::write_header(&mut out, start, filler, end);
        out
    }

    #[test]
    fn the_header_can_be_read_by_people_too() {
        let header = header(br#"{"tag":"7-1","at":"50% of it","pad":""#, 939, br#""}"#);
        assert_eq!(
            String::from_utf8(header).unwrap(),
            r#"{"tag":"7-1","at":"50%25%20of%20it","pad":" 939 "}"#
        );
    }

    #[test]
    fn a_longer_start_is_told_as_far_as_there_is_room() {
        let text = [b'x'; 5000];
        let known = KnownBody::parse(&header(&text, 0, b"")).unwrap();
        assert_eq!(known.begins_with(1024, body_hash(&text[..1024])), Some(true));
        assert_eq!(known.begins_with(1024, body_hash(b"foreign")), Some(false));
        assert_eq!(known.begins_with(1025, body_hash(&text[..1025])), None);
    }

    #[test]
    fn bytes_beyond_the_end_are_foreign() {
        let known = KnownBody::parse(b"ab 3 z").unwrap();
        assert_eq!(known.begins_with(6, body_hash(b"ab012z")), Some(true));
        assert_eq!(known.begins_with(7, body_hash(b"ab012z!")), Some(false));
        assert_eq!(KnownBody::parse(b"ab 3 z 4"), None);
        assert_eq!(KnownBody::parse(b"ab three z"), None);
        assert_eq!(KnownBody::parse(b"ab%f 3 z"), None);
        assert_eq!(KnownBody::parse(b""), None);
    }

    proptest! {
        #[test]
        fn every_beginning_is_known_and_no_other(
            start in prop::collection::vec(any::<u8>(), 1..200),
            filler in 0u64..10_000,
            end in prop::collection::vec(any::<u8>(), 0..5),
            part in 0.0..1.0f64,
        ) {
            let value = header(&start, filler, &end);
            prop_assert!(value.iter().all(|byte| matches!(byte, b' '..=b'~')));
            let known = KnownBody::parse(value.trim_ascii()).unwrap();
            let mut body = start;
            body.extend(BODY_FILLER.iter().cycle().take(filler as usize));
            body.extend(end);
            let count = (body.len() as f64 * part) as usize + 1;
            let mut beginning = body[..count].to_vec();
            prop_assert_eq!(known.begins_with(count as u64, body_hash(&beginning)), Some(true));
            beginning[count / 2] ^= 1;
            prop_assert_eq!(known.begins_with(count as u64, body_hash(&beginning)), Some(false));
        }

        #[test]
        fn no_bytes_make_it_panic(value: Vec<u8>, count in 0u64..10_000) {
            if let Some(known) = KnownBody::parse(&value) {
                known.begins_with(count, 0);
            }
        }
    }
}
