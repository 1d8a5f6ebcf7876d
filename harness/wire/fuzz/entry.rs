//! What is fuzzed: a server and a client that read whatever comes, message after message.
//!
//! The fuzz targets and an ordinary test include this file, so that both run the same.

use brownout_wire::{BodyHash, BodyReader, FieldSlots, Framing, HeadReader, Limits, ReceivedBytes};

/// Small ones, so that short inputs reach them.
const LIMITS: Limits = Limits {
    head_bytes: 4096,
    head_fields: 20,
    chunk_line_bytes: 64,
    trailer_bytes: 128,
    body_bytes: 2048,
    interim_heads: 3,
};

/// One message, or what ended the reading, as far as it does not depend on how the bytes were cut.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Message { start: String, framing: Framing, bytes: u64, hash: u64, whole: bool },
    Wrong(String),
}

/// Which side reads.
#[allow(dead_code, reason = "a fuzz target is one of the two")]
#[derive(Clone, Copy)]
pub(crate) enum Side {
    /// A server, which reads requests.
    Server,
    /// A client, which reads answers.
    Client,
}

/// Reads `bytes` as one side does, at once and in pieces: both must see the same, without a panic, and hold no more than
/// the limits let them.
pub(crate) fn read(side: Side, bytes: &[u8]) {
    let at_once = messages(side, bytes, usize::MAX);
    for piece in [1, 2, 3, 7, 64] {
        assert_eq!(messages(side, bytes, piece), at_once, "in pieces of {piece}");
    }
}

fn messages(side: Side, bytes: &[u8], piece: usize) -> Vec<Seen> {
    let mut peer = bytes.chunks(piece.min(bytes.len()).max(1));
    let mut received = ReceivedBytes::new(LIMITS.head_bytes);
    let (mut seen, mut left) = (Vec::new(), &[][..]);
    loop {
        let mut reader = HeadReader::new();
        let (start, framing) = loop {
            match head(side, &mut reader, received.bytes()) {
                Err(wrong) => {
                    seen.push(Seen::Wrong(wrong));
                    return seen;
                }
                Ok(Some((start, framing, length))) => {
                    received.consume(length);
                    break (start, framing);
                }
                Ok(None) if more(&mut received, &mut left, &mut peer) => {}
                Ok(None) => {
                    reader.restart();
                    if let Err(wrong) = head(side, &mut reader, received.bytes()) {
                        seen.push(Seen::Wrong(wrong));
                    }
                    return seen;
                }
            }
        };
        let (mut body, mut hash) = (BodyReader::new(framing, &LIMITS), BodyHash::new());
        let wrong = loop {
            match body.take(received.bytes(), &mut hash) {
                Err(error) => break Some(error.to_string()),
                Ok(used) => received.consume(used),
            }
            if body.is_whole() || !more(&mut received, &mut left, &mut peer) {
                body.close();
                break None;
            }
        };
        assert!(body.received() <= LIMITS.body_bytes);
        let (bytes, hash, whole) = (body.received(), hash.value(), body.is_whole());
        seen.push(Seen::Message { start, framing, bytes, hash, whole });
        seen.extend(wrong.map(Seen::Wrong));
        if !whole || framing == Framing::UntilClose {
            return seen;
        }
    }
}

fn head(
    side: Side,
    reader: &mut HeadReader,
    bytes: &[u8],
) -> Result<Option<(String, Framing, usize)>, String> {
    let mut slots = FieldSlots::new();
    match side {
        Side::Server => {
            let head = reader.request(bytes, &mut slots, &LIMITS).map_err(|error| error.to_string())?;
            let Some(head) = head else { return Ok(None) };
            let framing = head.framing().map_err(|error| error.to_string())?;
            assert_ne!(framing, Framing::UntilClose, "a request always says where it ends");
            let flags = (head.keeps_alive(), head.expects_continue(), head.fields.iter().len());
            Ok(Some((format!("{} {} {flags:?}", head.method, head.target), framing, head.length)))
        }
        Side::Client => {
            let head = reader.response(bytes, &mut slots, &LIMITS).map_err(|error| error.to_string())?;
            let Some(head) = head else { return Ok(None) };
            let framing = head.framing(false).map_err(|error| error.to_string())?;
            let flags = (head.keeps_alive(), head.is_interim(), head.fields.iter().len());
            Ok(Some((format!("{} {flags:?}", head.status), framing, head.length)))
        }
    }
}

/// Receives as much as has arrived and there is room for. False once all has been received.
fn more<'a>(
    received: &mut ReceivedBytes,
    left: &mut &'a [u8],
    peer: &mut impl Iterator<Item = &'a [u8]>,
) -> bool {
    if left.is_empty() {
        let Some(next) = peer.next() else { return false };
        *left = next;
    }
    let room = received.room();
    let count = left.len().min(room.len());
    assert!(count > 0, "whoever asks for more has room");
    room[..count].copy_from_slice(&left[..count]);
    received.received(count);
    *left = &left[count..];
    assert!(received.bytes().len() <= LIMITS.head_bytes);
    true
}
