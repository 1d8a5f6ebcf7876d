//! Writes out answers: the head, and a body of a known length whose hash stands in the head.

use std::cell::Cell;
use std::hash::Hasher;
use std::ops::Range;

use evidence::{BODY_FILLER, KnownBody, TAG_HEADER, Tag, body_hash, headers};
use twox_hash::XxHash3_64;
use units::Moment;
use wire::{HeadWriter, decimal, hexadecimal};

use crate::PoolSpec;
use crate::fault::{Content, Framing};

/// Bodies up to this size are copied behind the head and leave in one piece; longer ones are written from the
/// backend's own copy, so that a connection need not hold one.
const COPIED_MAX: usize = 16 * 1024;

/// The longest start of a body that its head tells, so that parts of it can be proven.
const KNOWN_MAX: usize = 4 * 1024;

const PAD_START: &[u8] = br#","pad":""#;
const PAD_END: &[u8] = br#""}"#;

/// What one backend needs for its answers.
pub(super) struct Backend {
    /// The injections that may act on what arrives here, by their index.
    pub(super) injections: Vec<u16>,
    /// Its name as a JSON string.
    json_name: String,
    name: String,
    /// Requests that have arrived and are not over.
    pub(super) under_way: Cell<u32>,
    index: u64,
    nonce: String,
    /// Further headers of all its answers.
    headers: Vec<(String, String)>,
    /// Bytes of a normal answer's body.
    size: usize,
    filler: Vec<u8>,
}

/// What is to be answered.
pub(super) struct Response<'a> {
    pub(super) status: u16,
    pub(super) fields: &'a [(String, String)],
    /// The body; without it, the normal one.
    pub(super) body: Option<&'a str>,
    /// What a fault makes of the body.
    pub(super) content: Option<&'a Content>,
    pub(super) framing: Framing,
    pub(super) tag: Option<Tag>,
    pub(super) attempt: u16,
    pub(super) is_head: bool,
    pub(super) keeps_alive: bool,
}

/// An answer, ready to be written: three parts, one after the other.
#[derive(Default)]
pub(super) struct Written {
    /// The head, and the start of the body.
    pub(super) first: Vec<u8>,
    /// How much of the backend's filler follows.
    pub(super) filler: usize,
    /// The end of the body.
    pub(super) last: Vec<u8>,
    /// Bytes of the head alone.
    pub(super) head: usize,
    /// Bytes of the three parts that the system took so far.
    pub(super) sent: Cell<usize>,
    /// What was sent of the body, where it is sent step by step.
    steps: Option<Steps>,
    /// Room for the body while the head is written.
    body: Vec<u8>,
    /// Bytes of the body before its filler, and of the filler, wherever they are written from.
    start: usize,
    filled: usize,
    /// XXH3-64 of the whole body.
    hash: u64,
    /// False for statuses and methods whose answers never have a body.
    has_body: bool,
}

/// What was sent of a body step by step, without its framing.
struct Steps {
    head_was_sent: bool,
    bytes: u64,
    hash: XxHash3_64,
}

impl Written {
    /// Forgets what was sent of the answer before.
    pub(super) fn forget(&mut self) {
        self.sent.set(0);
        self.steps = None;
    }

    /// Bytes of the body that is to be sent.
    pub(super) fn content_length(&self) -> u64 {
        (self.first.len() - self.head + self.filler + self.last.len()) as u64
    }

    /// False for statuses and methods whose answers never have a body.
    pub(super) fn has_body(&self) -> bool {
        self.has_body
    }

    /// The answer is going to be sent step by step.
    pub(super) fn begin_steps(&mut self) {
        self.steps = Some(Steps { head_was_sent: false, bytes: 0, hash: XxHash3_64::new() });
    }

    /// Notes that the head of an answer that is sent step by step was sent.
    pub(super) fn head_was_sent(&mut self) {
        if let Some(steps) = &mut self.steps {
            steps.head_was_sent = true;
        }
    }

    /// Appends a part of the body to `out`, as a fault changes it, and notes it as sent.
    pub(super) fn content(
        &mut self,
        backend: &Backend,
        change: Option<&Content>,
        range: Range<u64>,
        out: &mut Vec<u8>,
    ) {
        let from = out.len();
        let mut passed = 0;
        for part in [&self.first[self.head..], backend.filler(self.filler), &self.last[..]] {
            let here = |at: u64| (at.saturating_sub(passed) as usize).min(part.len());
            out.extend_from_slice(&part[here(range.start)..here(range.end)]);
            passed += part.len() as u64;
        }
        if let Some(Content::Corrupt(every)) = change {
            corrupt(&mut out[from..], range.start, *every);
        }
        if let Some(steps) = &mut self.steps {
            steps.bytes += range.end - range.start;
            steps.hash.write(&out[from..]);
        }
    }

    /// The bytes of the body that were sent, and their hash; `None` if the head was not sent whole.
    pub(super) fn body_sent(&self, backend: &Backend) -> Option<(u64, u64)> {
        if let Some(steps) = &self.steps {
            return steps.head_was_sent.then(|| (steps.bytes, steps.hash.finish()));
        }
        let sent = self.sent.get();
        if sent == 0 {
            return None;
        }
        let bytes = sent.checked_sub(self.head)?;
        let mut left = bytes;
        let parts = [&self.first[self.head..], backend.filler(self.filler), &self.last[..]];
        if bytes == parts.iter().map(|part| part.len()).sum::<usize>() {
            return Some((bytes as u64, self.hash));
        }
        let mut hasher = XxHash3_64::new();
        for part in parts {
            let part = &part[..part.len().min(left)];
            left -= part.len();
            hasher.write(part);
        }
        Some((bytes as u64, hasher.finish()))
    }
}

/// Changes one byte in `every`, counted from the start of the body; `bytes` begin at byte `from` of it.
fn corrupt(bytes: &mut [u8], from: u64, every: u32) {
    let every = u64::from(every.max(1));
    for (at, byte) in (from..).zip(bytes) {
        if at % every == every - 1 {
            // Another printable character, if it was one.
            *byte ^= 1;
        }
    }
}

impl Backend {
    pub(super) fn new(spec: &PoolSpec, index: usize) -> Self {
        let backend = &spec.backends[index];
        let acts = |during: &units::Stretch| during.to > Moment::EPOCH;
        let injections =
            spec.injections.iter().enumerate().filter(|(_, injection)| {
                injection.backends.contains(&(index as u16)) && acts(&injection.during)
            });
        let size = backend.body.0 as usize;
        Backend {
            injections: injections.map(|(index, _)| index as u16).collect(),
            json_name: serde_json::Value::from(backend.name.as_str()).to_string(),
            under_way: Cell::default(),
            name: backend.name.clone(),
            index: index as u64,
            nonce: format!("{}-", spec.nonce),
            headers: backend.headers.clone(),
            size,
            filler: BODY_FILLER.iter().copied().cycle().take(size).collect(),
        }
    }

    /// Its name in the scenario.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The bytes that fill bodies.
    pub(super) fn filler(&self, count: usize) -> &[u8] {
        &self.filler[..count]
    }

    /// Makes the answer in `written`, whose buffers are used again.
    pub(super) fn write(&self, response: &Response<'_>, written: &mut Written) {
        written.first.clear();
        written.last.clear();
        written.body.clear();
        written.filler = 0;
        written.filled = 0;
        match response.body {
            _ if has_no_body(response.status) => {}
            Some(body) => written.body.extend_from_slice(body.as_bytes()),
            None => self.normal_body(response, written),
        }
        if written.filled == 0 {
            written.start = written.body.len();
        }
        let length = written.body.len() + written.filler + written.last.len();
        let mut head = std::mem::take(&mut written.first);
        written.has_body = !response.is_head && !has_no_body(response.status);
        if !response.is_head {
            written.hash = self.hash(written, response.content);
        }
        self.head(response, length, written, &mut head);
        written.first = head;
        written.head = written.first.len();
        if response.is_head {
            written.filler = 0;
            written.last.clear();
            written.hash = body_hash(b"");
        } else {
            written.first.extend_from_slice(&written.body);
        }
    }

    /// A JSON object that names tag, backend and attempt, and is filled up to the backend's size.
    fn normal_body(&self, response: &Response<'_>, written: &mut Written) {
        let body = &mut written.body;
        body.extend_from_slice(br#"{"tag":"#);
        if let Some(tag) = response.tag {
            body.push(b'"');
            body.extend_from_slice(self.nonce.as_bytes());
            decimal(body, tag.0);
            body.push(b'"');
        } else {
            body.extend_from_slice(b"null");
        }
        body.extend_from_slice(br#","backend":"#);
        body.extend_from_slice(self.json_name.as_bytes());
        body.extend_from_slice(br#","attempt":"#);
        decimal(body, u64::from(response.attempt));
        let Some(filler) = self.size.checked_sub(body.len() + PAD_START.len() + PAD_END.len()) else {
            // Too little for a field of padding: blanks after the object are still JSON.
            body.push(b'}');
            body.resize(self.size.max(body.len()), b' ');
            return;
        };
        body.extend_from_slice(PAD_START);
        (written.start, written.filled) = (body.len(), filler);
        if self.size <= COPIED_MAX {
            body.extend_from_slice(self.filler(filler));
            body.extend_from_slice(PAD_END);
        } else {
            written.filler = filler;
            written.last.extend_from_slice(PAD_END);
        }
    }

    fn hash(&self, written: &Written, change: Option<&Content>) -> u64 {
        if let Some(Content::Corrupt(every)) = change {
            let mut body = [&written.body[..], self.filler(written.filler), &written.last[..]].concat();
            corrupt(&mut body, 0, *every);
            return body_hash(&body);
        }
        if written.filler == 0 {
            return body_hash(&written.body);
        }
        let mut hasher = XxHash3_64::new();
        hasher.write(&written.body);
        hasher.write(self.filler(written.filler));
        hasher.write(&written.last);
        hasher.finish()
    }

    fn head(&self, response: &Response<'_>, length: usize, written: &Written, out: &mut Vec<u8>) {
        let mut head = HeadWriter::response(out, response.status);
        if let Some(tag) = response.tag {
            head = head.field_with(TAG_HEADER, |out| {
                out.extend_from_slice(self.nonce.as_bytes());
                decimal(out, tag.0);
            });
            head = head.number(headers::ATTEMPT, u64::from(response.attempt));
        }
        head = head.number(headers::BACKEND, self.index);
        if !response.is_head {
            head = head.field_with(headers::BODY_HASH, |out| hexadecimal(out, written.hash));
        }
        // Of a body that is not what it is made of, no part can be proven; and a long one has no place in a head.
        let is_known = !matches!(response.content, Some(Content::Corrupt(_) | Content::Events(_)))
            && written.start <= KNOWN_MAX;
        if !response.is_head && length > 0 && is_known {
            let end: &[u8] = if written.filled > 0 { PAD_END } else { b"" };
            head = head.field_with(headers::BODY, |out| {
                KnownBody::write_header(out, &written.body[..written.start], written.filled as u64, end);
            });
        }
        for (name, value) in self.headers.iter().chain(response.fields) {
            head = head.field(name, value);
        }
        if !has_no_body(response.status) {
            if !response.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
                head = head.field("content-type", content_type(response));
            }
            if let Some(Content::SaidToBe(coding)) = response.content {
                head = head.field("content-encoding", coding);
            }
            head = tell_framing(head, response.framing, length as u64);
        }
        if !response.keeps_alive || response.framing == Framing::UntilClose {
            head = head.field("connection", "close");
        }
        head.end();
    }
}

fn content_type(response: &Response<'_>) -> &'static str {
    match (response.content, response.body) {
        (Some(Content::Events(_)), _) => "text/event-stream",
        (_, Some(_)) => "text/plain; charset=utf-8",
        (_, None) => "application/json",
    }
}

/// Tells the end of a body, rightly or as a fault wants it.
fn tell_framing(head: HeadWriter<'_>, framing: Framing, length: u64) -> HeadWriter<'_> {
    const LENGTH: &str = "content-length";
    match framing {
        Framing::Length => head.number(LENGTH, length),
        Framing::LengthTooLong(by) => head.number(LENGTH, length.saturating_add(by)),
        Framing::LengthTooShort(by) => head.number(LENGTH, length.saturating_sub(by)),
        Framing::TwoLengths => head.number(LENGTH, length).number(LENGTH, length + 1),
        Framing::LengthAndChunks => head.number(LENGTH, length).framing(wire::Framing::Chunked),
        Framing::Chunked(_) | Framing::BadChunk | Framing::NoLastChunk => {
            head.framing(wire::Framing::Chunked)
        }
        Framing::UntilClose => head,
    }
}

/// Statuses whose answers never have a body (RFC 9112, section 6.3).
fn has_no_body(status: u16) -> bool {
    matches!(status, 204 | 304)
}
