//! Takes a request body out of the bytes that arrive, however they are cut, and keeps its length and hash only.

use std::hash::Hasher;

use evidence::body_hash;
use twox_hash::XxHash3_64;

use super::head::Framing;

/// Bytes of a chunk's size line, with its extensions.
const CHUNK_LINE_MAX: usize = 4 * 1024;

/// Bytes of all trailer fields.
const TRAILERS_MAX: usize = 16 * 1024;

/// A request body on its way.
pub(super) struct Body {
    state: State,
    /// Bytes that may still come.
    room: u64,
    received: u64,
    hash: Hash,
}

/// What is expected next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// So many bytes of a body with a length.
    Length(u64),
    /// A chunk's size line: its size so far, the bytes of the line, and whether its digits are over.
    ChunkSize { size: u64, line: usize, digits_over: bool },
    /// So many bytes of a chunk.
    Chunk(u64),
    /// The CRLF after a chunk: the bytes seen of it.
    ChunkEnd(usize),
    /// Trailer fields: bytes seen in all, and in the present line.
    Trailers { all: usize, line: usize },
    /// Nothing.
    Done,
}

/// The hash of what has arrived.
enum Hash {
    Empty,
    /// Of a body that came in one piece.
    Whole(u64),
    Running(Box<XxHash3_64>),
}

/// Why a body can't be read on: the status that refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused(pub(super) u16);

const MALFORMED: Refused = Refused(400);
const TOO_LARGE: Refused = Refused(413);

impl Body {
    /// A body of at most `room` bytes.
    pub(super) fn new(framing: Framing, room: u64) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::ChunkSize { size: 0, line: 0, digits_over: false },
        };
        Body { state, room, received: 0, hash: Hash::Empty }
    }

    /// True once it has arrived whole.
    pub(super) fn is_whole(&self) -> bool {
        self.state == State::Done
    }

    /// The bytes that arrived.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// XXH3-64 of the bytes that arrived.
    pub(super) fn hash(&self) -> u64 {
        match &self.hash {
            Hash::Empty => body_hash(b""),
            Hash::Whole(hash) => *hash,
            Hash::Running(hasher) => hasher.finish(),
        }
    }

    /// Takes what belongs to the body from the start of `bytes`: how many bytes that were.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<usize, Refused> {
        let mut used = 0;
        while used < bytes.len() && self.state != State::Done {
            used += self.step(&bytes[used..])?;
        }
        Ok(used)
    }

    /// Takes one piece of `bytes`, which is not empty.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, Refused> {
        match self.state {
            State::Length(left) => {
                let count = self.content(bytes, left)?;
                let left = left - count as u64;
                self.state = if left == 0 { State::Done } else { State::Length(left) };
                Ok(count)
            }
            State::Chunk(left) => {
                let count = self.content(bytes, left)?;
                let left = left - count as u64;
                self.state = if left == 0 { State::ChunkEnd(0) } else { State::Chunk(left) };
                Ok(count)
            }
            State::ChunkSize { size, line, digits_over } => {
                self.state = size_byte(size, line, digits_over, bytes[0])?;
                Ok(1)
            }
            State::ChunkEnd(seen) => {
                self.state = match (seen, bytes[0]) {
                    (0, b'\r') => State::ChunkEnd(1),
                    (1, b'\n') => State::ChunkSize { size: 0, line: 0, digits_over: false },
                    _ => return Err(MALFORMED),
                };
                Ok(1)
            }
            State::Trailers { all, line } => {
                self.state = match bytes[0] {
                    _ if all >= TRAILERS_MAX => return Err(MALFORMED),
                    b'\n' if line == 0 => State::Done,
                    b'\n' => State::Trailers { all: all + 1, line: 0 },
                    b'\r' => State::Trailers { all: all + 1, line },
                    _ => State::Trailers { all: all + 1, line: line + 1 },
                };
                Ok(1)
            }
            State::Done => Ok(0),
        }
    }

    /// Takes up to `left` bytes of content.
    fn content(&mut self, bytes: &[u8], left: u64) -> Result<usize, Refused> {
        let piece = &bytes[..bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
        self.room = self.room.checked_sub(piece.len() as u64).ok_or(TOO_LARGE)?;
        self.received += piece.len() as u64;
        let is_all = matches!(self.state, State::Length(_)) && piece.len() as u64 == left;
        match &mut self.hash {
            Hash::Empty if is_all => self.hash = Hash::Whole(body_hash(piece)),
            Hash::Running(hasher) => hasher.write(piece),
            Hash::Empty | Hash::Whole(_) => {
                let mut hasher = Box::new(XxHash3_64::new());
                hasher.write(piece);
                self.hash = Hash::Running(hasher);
            }
        }
        Ok(piece.len())
    }
}

/// Takes one byte of a chunk's size line (RFC 9112, section 7.1). Extensions are skipped.
fn size_byte(size: u64, line: usize, digits_over: bool, byte: u8) -> Result<State, Refused> {
    if line >= CHUNK_LINE_MAX {
        return Err(MALFORMED);
    }
    let digit = char::from(byte).to_digit(16).filter(|_| !digits_over);
    match (digit, byte) {
        (Some(digit), _) => {
            let size = size.checked_mul(16).ok_or(TOO_LARGE)? + u64::from(digit);
            Ok(State::ChunkSize { size, line: line + 1, digits_over })
        }
        (None, _) if line == 0 => Err(MALFORMED),
        (None, b'\n') if size == 0 => Ok(State::Trailers { all: 0, line: 0 }),
        (None, b'\n') => Ok(State::Chunk(size)),
        (None, b';' | b' ' | b'\t' | b'\r') => {
            Ok(State::ChunkSize { size, line: line + 1, digits_over: true })
        }
        (None, _) if digits_over => Ok(State::ChunkSize { size, line: line + 1, digits_over }),
        (None, _) => Err(MALFORMED),
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// Feeds `bytes` in pieces that end at `cuts`: the body, and how many bytes it used.
    fn fed(framing: Framing, bytes: &[u8], cuts: &[usize]) -> Result<(Body, usize), Refused> {
        let mut body = Body::new(framing, 1 << 20);
        let mut ends: Vec<usize> =
            cuts.iter().map(|cut| cut % (bytes.len() + 1)).chain([bytes.len()]).collect();
        ends.sort_unstable();
        let (mut from, mut used) = (0, 0);
        for end in ends {
            let count = body.take(&bytes[from..end])?;
            used += count;
            from = end;
            if body.is_whole() {
                break;
            }
            assert_eq!(used, from, "an unfinished body uses all that there is");
        }
        Ok((body, used))
    }

    fn chunked(pieces: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
            bytes.extend(format!("{:X};note=\"a b\"\r\n", piece.len()).bytes());
            bytes.extend(piece);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\ntrailer: field\r\n\r\n");
        bytes
    }

    proptest! {
        #[test]
        fn a_chunked_body_is_the_same_however_it_is_cut(
            pieces in vec(vec(any::<u8>(), 0..40), 0..6),
            rest in vec(any::<u8>(), 0..10),
            cuts in vec(any::<usize>(), 0..12),
        ) {
            let content = pieces.concat();
            let framed = chunked(&pieces);
            let sent = [framed.clone(), rest].concat();
            let (body, used) = fed(Framing::Chunked, &sent, &cuts).unwrap();
            prop_assert!(body.is_whole());
            prop_assert_eq!(used, framed.len());
            prop_assert_eq!(body.received(), content.len() as u64);
            prop_assert_eq!(body.hash(), body_hash(&content));
        }

        #[test]
        fn a_body_with_a_length_is_the_same_however_it_is_cut(
            content in vec(any::<u8>(), 0..300),
            rest in vec(any::<u8>(), 0..10),
            cuts in vec(any::<usize>(), 0..12),
        ) {
            let sent = [content.clone(), rest].concat();
            let (body, used) = fed(Framing::Length(content.len() as u64), &sent, &cuts).unwrap();
            prop_assert!(body.is_whole());
            prop_assert_eq!(used, content.len());
            prop_assert_eq!(body.hash(), body_hash(&content));
        }

        #[test]
        fn arbitrary_bytes_are_judged_the_same_however_they_are_cut(
            bytes in vec(prop_oneof![Just(b'0'), Just(b'1'), Just(b'\r'), Just(b'\n'), Just(b';'), any::<u8>()], 0..60),
            cuts in vec(any::<usize>(), 0..12),
        ) {
            let seen = |cuts: &[usize]| fed(Framing::Chunked, &bytes, cuts).map(|(body, used)| (used, body.hash(), body.received()));
            prop_assert_eq!(seen(&cuts), seen(&[]));
        }
    }

    #[rstest]
    #[case(b"\r\n", MALFORMED)]
    #[case(b"g\r\n", MALFORMED)]
    #[case(b"2\r\nabX", MALFORMED)]
    #[case(b"fffffffffffffffff\r\n", TOO_LARGE)]
    fn what_is_no_chunk_is_refused(#[case] bytes: &[u8], #[case] expected: Refused) {
        assert_eq!(Body::new(Framing::Chunked, 100).take(bytes), Err(expected));
    }

    #[test]
    fn a_body_past_its_room_is_refused() {
        assert_eq!(Body::new(Framing::Chunked, 3).take(b"4\r\nabcd"), Err(TOO_LARGE));
        assert_eq!(Body::new(Framing::Length(4), 3).take(b"abcd"), Err(TOO_LARGE));
    }

    #[test]
    fn endless_extensions_and_trailers_are_refused() {
        let extension = format!("1;{}", "x".repeat(CHUNK_LINE_MAX));
        assert_eq!(Body::new(Framing::Chunked, 100).take(extension.as_bytes()), Err(MALFORMED));
        let trailers = format!("0\r\n{}", "a: b\r\n".repeat(TRAILERS_MAX));
        assert_eq!(Body::new(Framing::Chunked, 100).take(trailers.as_bytes()), Err(MALFORMED));
    }
}
