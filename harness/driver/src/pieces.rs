//! A text with slots for what differs from request to request.

use evidence::{RunNonce, Tag, trace};
use units::Draw;
use wire::{decimal, hexadecimal};

/// What stands in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// The tag's number, in decimal.
    Number,
    /// The tag, as its header has it.
    Tag,
    /// A UUID of the request, the same wherever it stands.
    Uuid,
    /// The trace context of the request.
    Trace,
    /// The key of the request: requests of one class with the same key belong together.
    Key,
    /// The length of the body.
    Length,
}

/// How slots are written: those of the file, and those of the driver's own, which no text of a file can have.
const MARKS: [(&str, Slot); 6] = [
    ("{n}", Slot::Number),
    ("{tag}", Slot::Tag),
    ("{uuid}", Slot::Uuid),
    ("{key}", Slot::Key),
    ("{\0trace}", Slot::Trace),
    ("{\0length}", Slot::Length),
];

/// What makes one request differ from others.
#[derive(Clone, Copy)]
pub(crate) struct Values {
    pub(crate) nonce: RunNonce,
    pub(crate) tag: Tag,
    /// Bytes of the body.
    pub(crate) length: u64,
    /// How many keys the class has.
    pub(crate) keys: u32,
}

/// A text with slots.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    /// Texts, each with the slot that follows it.
    before: Vec<(Vec<u8>, Slot)>,
    last: Vec<u8>,
}

impl Slot {
    pub(crate) fn mark(self) -> &'static str {
        MARKS.iter().find(|(_, slot)| *slot == self).map_or("", |(mark, _)| mark)
    }
}

impl Pieces {
    /// Finds the slots of a text.
    pub(crate) fn of(text: &[u8]) -> Self {
        let mut pieces = Pieces::default();
        let mut rest = text;
        while let Some(at) = rest.iter().position(|byte| *byte == b'{') {
            let (text, mark) = rest.split_at(at);
            pieces.last.extend_from_slice(text);
            let found = MARKS.iter().find(|(name, _)| mark.starts_with(name.as_bytes()));
            rest = if let Some((name, slot)) = found {
                pieces.before.push((std::mem::take(&mut pieces.last), *slot));
                &mark[name.len()..]
            } else {
                pieces.last.push(b'{');
                &mark[1..]
            };
        }
        pieces.last.extend_from_slice(rest);
        pieces
    }

    /// True if the text is always the same.
    pub(crate) fn is_constant(&self) -> bool {
        self.before.is_empty()
    }

    /// Appends the text with its slots filled.
    pub(crate) fn write(&self, values: &Values, out: &mut Vec<u8>) {
        for (text, slot) in &self.before {
            out.extend_from_slice(text);
            match slot {
                Slot::Number => decimal(out, values.tag.0),
                Slot::Tag => {
                    hexadecimal(out, values.nonce.0);
                    out.push(b'-');
                    decimal(out, values.tag.0);
                }
                Slot::Uuid => write_uuid(values, out),
                Slot::Key => decimal(out, values.tag.key(values.keys).into()),
                Slot::Trace => write_trace(values, out),
                Slot::Length => decimal(out, values.length),
            }
        }
        out.extend_from_slice(&self.last);
    }
}

/// What a draw is for.
#[derive(Clone, Copy)]
enum Purpose {
    UuidHigh = 1,
    UuidLow = 2,
}

/// Draws of the run and not of the seed: what is made of them is to be new in every run.
fn draw(values: &Values, purpose: Purpose) -> u64 {
    Draw::new(values.nonce.0).with(values.tag.0).with(purpose as u64).bits()
}

/// A UUID of version 4 (RFC 9562, section 5.4), made of the nonce and the tag.
fn write_uuid(values: &Values, out: &mut Vec<u8>) {
    let high = draw(values, Purpose::UuidHigh) & !0xF000 | 0x4000;
    let low = draw(values, Purpose::UuidLow) >> 2 | 1 << 63;
    let mut digits = Vec::with_capacity(32);
    hexadecimal(&mut digits, high);
    hexadecimal(&mut digits, low);
    for (index, digit) in digits.iter().enumerate() {
        if [8, 12, 16, 20].contains(&index) {
            out.push(b'-');
        }
        out.push(*digit);
    }
}

/// The value of `traceparent` (W3C Trace Context, section 3.2).
fn write_trace(values: &Values, out: &mut Vec<u8>) {
    out.extend_from_slice(b"00-");
    for half in trace::trace_id(values.nonce, values.tag) {
        hexadecimal(out, half);
    }
    out.push(b'-');
    hexadecimal(out, trace::span_id(values.nonce, values.tag));
    out.extend_from_slice(b"-01");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, nonce: u64, tag: u64) -> String {
        let mut out = Vec::new();
        let values = Values { nonce: RunNonce(nonce), tag: Tag(tag), length: 17, keys: 5 };
        Pieces::of(text.as_bytes()).write(&values, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn slots_are_filled_and_all_other_braces_stay() {
        assert_eq!(written("a{n}b{n}{", 7, 42), "a42b42{");
        assert_eq!(written("{\"a\":{\"n\":{n}}}", 7, 42), "{\"a\":{\"n\":42}}");
        assert_eq!(written("{}{{n}}{m}", 7, 42), "{}{42}{m}");
        assert_eq!(written("", 7, 42), "");
        assert!(Pieces::of(b"{\"a\":1}").is_constant() && !Pieces::of(b"{uuid}").is_constant());
    }

    #[test]
    fn the_tag_is_written_as_its_header_has_it() {
        assert_eq!(written("/{tag}/", 7, 42), format!("/{}/", Tag(42).header_value(RunNonce(7))));
    }

    #[test]
    fn a_key_is_one_of_those_of_the_class_and_the_same_for_the_same_request() {
        assert_eq!(written("user-{key}", 7, 42), format!("user-{}", Tag(42).key(5)));
        assert_eq!(written("{key}", 7, 42), written("{key}", 8, 42));
    }

    #[test]
    fn a_uuid_is_one_of_version_4_and_belongs_to_run_and_request() {
        let uuid = written("{uuid}", 7, 42);
        let parts: Vec<&str> = uuid.split('-').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']), "{uuid}");
        assert_eq!(written("{uuid} {uuid}", 7, 42), format!("{uuid} {uuid}"));
        assert_ne!(written("{uuid}", 7, 43), uuid);
        assert_ne!(written("{uuid}", 8, 42), uuid);
    }

    #[test]
    fn a_trace_is_found_by_its_tag() {
        let trace = written("{\0trace}", 0xabc, 0x2a);
        let parts: Vec<&str> = trace.split('-').collect();
        assert_eq!((parts[0], parts[1], parts[3]), ("00", "0000000000000abc000000000000002a", "01"));
        assert!(parts[2].len() == 16 && parts[2] != "0000000000000000");
    }
}
