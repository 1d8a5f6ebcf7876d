//! Bodies, however they are cut, good and bad.

use proptest::collection::vec;
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::write::{write_chunk, write_last_chunk};

/// What a body is read as.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    data: Vec<u8>,
    trailers: Vec<u8>,
    used: usize,
    whole: bool,
    error: Option<BodyError>,
}

#[derive(Default)]
struct Collected {
    data: Vec<u8>,
    trailers: Vec<u8>,
}

impl BodySink for Collected {
    fn data(&mut self, piece: &[u8]) {
        self.data.extend_from_slice(piece);
    }

    fn trailers(&mut self, piece: &[u8]) {
        self.trailers.extend_from_slice(piece);
    }
}

const LIMITS: Limits = Limits {
    head_bytes: 1000,
    head_fields: 10,
    chunk_line_bytes: 40,
    trailer_bytes: 60,
    body_bytes: 1000,
    interim_heads: 1,
};

/// Feeds `bytes` in pieces that end at `cuts`.
fn read(framing: Framing, bytes: &[u8], cuts: &[usize]) -> Read {
    let mut body = BodyReader::new(framing, &LIMITS);
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).chain([bytes.len()]).collect();
    ends.sort_unstable();
    let (mut from, mut sink) = (0, Collected::default());
    let mut read = Read::default();
    for end in ends {
        match body.take(&bytes[from..end], &mut sink) {
            Ok(count) => read.used += count,
            Err(error) => read.error = Some(error),
        }
        if body.is_whole() || read.error.is_some() {
            break;
        }
        assert_eq!(read.used, end, "a body that is not whole uses all that there is");
        from = end;
    }
    read.whole = body.is_whole();
    assert_eq!(body.received(), sink.data.len() as u64);
    (read.data, read.trailers) = (sink.data, sink.trailers);
    // Up to where the bytes were used before an error is a matter of the cuts.
    read.used = if read.error.is_some() { 0 } else { read.used };
    read
}

fn chunked(pieces: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in pieces {
        write_chunk(&mut bytes, piece);
    }
    write_last_chunk(&mut bytes, &[("a", "b")]);
    bytes
}

proptest! {
    #[test]
    fn a_chunked_body_is_the_same_however_it_is_cut(
        pieces in vec(vec(any::<u8>(), 1..40), 0..6),
        rest in vec(any::<u8>(), 0..10),
        cuts in vec(any::<usize>(), 0..12),
    ) {
        let framed = chunked(&pieces);
        let expected = Read {
            data: pieces.concat(), trailers: b"a: b\r\n\r\n".to_vec(), used: framed.len(), whole: true, error: None,
        };
        prop_assert_eq!(read(Framing::Chunked, &[framed, rest].concat(), &cuts), expected);
    }

    #[test]
    fn a_body_with_a_length_is_the_same_however_it_is_cut(
        content in vec(any::<u8>(), 0..300),
        rest in vec(any::<u8>(), 0..10),
        cuts in vec(any::<usize>(), 0..12),
    ) {
        let sent = [content.clone(), rest].concat();
        let read = read(Framing::Length(content.len() as u64), &sent, &cuts);
        prop_assert_eq!(read.used, content.len());
        prop_assert!(read.whole);
        prop_assert_eq!(read.data, content);
    }

    #[test]
    fn arbitrary_bytes_are_read_the_same_however_they_are_cut(
        bytes in vec(prop_oneof![
            Just(b'0'), Just(b'1'), Just(b'\r'), Just(b'\n'), Just(b';'), Just(b':'), Just(b'a'), any::<u8>()
        ], 0..80),
        cuts in vec(any::<usize>(), 0..12),
    ) {
        for framing in [Framing::Chunked, Framing::Length(50), Framing::UntilClose, Framing::Bodiless] {
            let (whole, cut) = (read(framing, &bytes, &[]), read(framing, &bytes, &cuts));
            prop_assert_eq!(&whole.data, &cut.data);
            prop_assert_eq!((whole.whole, whole.error), (cut.whole, cut.error));
        }
    }
}

#[rstest]
#[case(b"x\r\n")]
#[case(b"\r\n")]
#[case(b"-1\r\n")]
#[case(b"0x5\r\n")]
#[case(b"5\n")]
#[case(b"5\rx")]
#[case(b"5 5\r\n")]
#[case(b"5;a\nb\r\n")]
#[case(b"10000000000000000\r\n")]
#[case(b"2\r\nabc")]
#[case(b"2\r\nab\nc")]
#[case(b"2\r\nab\rc")]
fn a_malformed_chunk_is_refused(#[case] bytes: &[u8]) {
    assert_eq!(read(Framing::Chunked, bytes, &[]).error, Some(BodyError::Chunk));
}

#[rstest]
#[case(b"0\r\n\n")]
#[case(b"0\r\n: b\r\n")]
#[case(b"0\r\na b\r\n")]
#[case(b"0\r\na\r\n")]
#[case(b"0\r\na: b\nc: d")]
#[case(b"0\r\na: \0\r\n")]
#[case(b"0\r\n a: b\r\n")]
fn a_malformed_trailer_is_refused(#[case] bytes: &[u8]) {
    assert_eq!(read(Framing::Chunked, bytes, &[]).error, Some(BodyError::Trailer));
}

#[rstest]
#[case(b"3\r\nabc\r\n0\r\n\r\n")]
#[case(b"0003\r\nabc\r\n000\r\n\r\n")]
#[case(b"3 \t\r\nabc\r\n0 \r\n\r\n")]
#[case(b"3;x=\"y z\";w\r\nabc\r\n0;last\r\n\r\n")]
#[case(b"1\r\na\r\n2\r\nbc\r\n0\r\na:\r\nb: \xff\tc\r\n\r\n")]
fn sizes_extensions_and_trailers_are_read_as_the_grammar_has_them(#[case] bytes: &[u8]) {
    let read = read(Framing::Chunked, bytes, &[]);
    assert_eq!((read.error, read.whole, &read.data[..]), (None, true, &b"abc"[..]));
}

#[test]
fn a_body_beyond_the_limit_is_read_up_to_it() {
    let bytes = [7; 1001];
    for (framing, framed) in [
        (Framing::Length(1001), bytes.to_vec()),
        (Framing::UntilClose, bytes.to_vec()),
        (Framing::Chunked, chunked(&[bytes.to_vec()])),
    ] {
        let read = read(framing, &framed, &[17, 900]);
        assert_eq!((read.error, read.data.len()), (Some(BodyError::TooLarge), 1000));
    }
    assert!(read(Framing::Length(1000), &bytes[..1000], &[]).whole);
}

#[test]
fn lines_and_trailers_without_end_are_refused() {
    let extension = format!("1;{}", "x".repeat(50));
    assert_eq!(read(Framing::Chunked, extension.as_bytes(), &[]).error, Some(BodyError::ChunkLineTooLong));
    let zeros = "0".repeat(50);
    assert_eq!(read(Framing::Chunked, zeros.as_bytes(), &[]).error, Some(BodyError::ChunkLineTooLong));
    let trailers = format!("0\r\n{}", "a: b\r\n".repeat(20));
    assert_eq!(read(Framing::Chunked, trailers.as_bytes(), &[]).error, Some(BodyError::TrailersTooLong));
}

#[test]
fn only_a_body_without_other_framing_ends_with_the_connection() {
    for (framing, ends) in [
        (Framing::UntilClose, true),
        (Framing::Bodiless, true),
        (Framing::Length(0), true),
        (Framing::Length(1), false),
        (Framing::Chunked, false),
    ] {
        assert_eq!(BodyReader::new(framing, &LIMITS).close(), ends, "{framing:?}");
    }
}

#[test]
fn a_body_in_one_piece_is_told_to_be_the_whole() {
    #[derive(Default)]
    struct Calls(Vec<&'static str>);
    impl BodySink for Calls {
        fn data(&mut self, _: &[u8]) {
            self.0.push("data");
        }
        fn whole(&mut self, _: &[u8]) {
            self.0.push("whole");
        }
    }
    let mut calls = Calls::default();
    BodyReader::new(Framing::Length(3), &LIMITS).take(b"abcd", &mut calls).unwrap();
    let mut body = BodyReader::new(Framing::Length(3), &LIMITS);
    body.take(b"ab", &mut calls).unwrap();
    body.take(b"c", &mut calls).unwrap();
    assert_eq!(calls.0, ["whole", "data", "data"]);
}
