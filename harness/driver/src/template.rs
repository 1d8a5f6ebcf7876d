//! The requests of one class, made once but for what differs from one to the next.

use std::time::Duration;

use evidence::{RunNonce, TAG_HEADER, Tag, body_hash};
use wire::{HeadWriter, is_path, is_token, write_chunk, write_last_chunk};

use crate::fields;
use crate::pieces::{Pieces, Slot, Values};
use crate::prepare_error::{BODY_MAX, PATH_MAX, PrepareError};
use crate::spec::{BodyContent, Class, Framing};
use crate::trouble::Trouble;

/// Bodies up to this many bytes are copied behind the head and leave in one piece with it; longer ones are sent from the one
/// copy that all requests share.
const COPIED_MAX: usize = 16 * 1024;

/// Bytes in one chunk of a chunked body.
const CHUNK: usize = 16 * 1024;

/// The header of the trace context.
const TRACE_HEADER: &str = "traceparent";

/// What a sized body repeats.
const FILLER: &[u8] = b"brownout request body. ";

/// The requests of one class.
pub(crate) struct Template {
    pub(crate) deadline: Duration,
    /// Where they go: 0 for the gateway's first address, n for the n-th further one.
    pub(crate) target: usize,
    /// Whether its requests are carried by connections that carry others too.
    pub(crate) keep_alive: bool,
    /// Whether the method is `HEAD`, whose answers have no body.
    pub(crate) is_head: bool,
    /// What the client does to some of the requests.
    pub(crate) trouble: Trouble,
    /// Bytes of the request body, and their XXH3-64; of a body with slots not known before it is made.
    pub(crate) body_bytes: u64,
    pub(crate) body_hash: Option<u64>,
    nonce: RunNonce,
    keys: u32,
    head: Pieces,
    /// The head of a request that waits for `100 Continue`.
    expecting_head: Pieces,
    /// Made for each request, if the body has slots.
    made: Option<Pieces>,
    /// The body as it is sent, framed, if it has no slots.
    framed: Vec<u8>,
    framing: Framing,
    /// What follows a body in chunks.
    end: Vec<u8>,
}

/// One request, ready to be sent; its buffers are used again.
#[derive(Default)]
pub(crate) struct Request {
    /// The head, and the body unless that is sent from the template.
    pub(crate) bytes: Vec<u8>,
    /// Bytes of the head.
    pub(crate) head: usize,
    /// A body that was made for it.
    made: Vec<u8>,
}

impl Template {
    pub(crate) fn new(class: &Class, host: &str, nonce: RunNonce) -> Result<Self, PrepareError> {
        if !is_token(&class.method) || class.method == "CONNECT" {
            return Err(PrepareError::Method { class: class.name.clone(), method: class.method.clone() });
        }
        check_path(class)?;
        let body = class.body.as_ref().map(|body| body_bytes(&body.content, &class.name)).transpose()?;
        let body = body.unwrap_or_default();
        let text = class.body.as_ref().is_some_and(|body| matches!(body.content, BodyContent::Text(_)));
        let made = text.then(|| Pieces::of(&body)).filter(|pieces| !pieces.is_constant());
        let framing = class.body.as_ref().map_or(Framing::ContentLength, |body| body.framing);
        let fields = fields::of(class, host)?;
        let closes = |(name, value): &(String, String)| name == "connection" && fields::has_close(value);
        let declared = declared(class, body.is_empty(), framing);
        let head = |expects| head(class, &fields, declared, expects);
        let mut template = Template {
            deadline: class.deadline,
            target: class.target.map_or(0, |further| usize::from(further) + 1),
            keep_alive: class.keep_alive && !fields.iter().any(closes),
            is_head: class.method == "HEAD",
            trouble: class.trouble.clone(),
            body_bytes: if made.is_some() { 0 } else { body.len() as u64 },
            body_hash: made.is_none().then(|| body_hash(&body)),
            nonce,
            keys: class.keys,
            head: head(false),
            expecting_head: head(true),
            framed: Vec::new(),
            framing,
            end: Vec::new(),
            made,
        };
        let trailers = fields::trailers(class)?;
        if framing == Framing::Chunked && !body.is_empty() {
            let trailers: Vec<_> = trailers.iter().map(|(name, value)| (&name[..], &value[..])).collect();
            write_last_chunk(&mut template.end, &trailers);
        }
        if template.made.is_none() {
            template.framed = framed(&body, framing);
            template.framed.extend_from_slice(&template.end);
        }
        Ok(template)
    }

    /// Makes the request with this tag; `expects` if it waits for `100 Continue`. Gives the size and the hash of a body that was
    /// made for it.
    pub(crate) fn write(&self, tag: Tag, expects: bool, request: &mut Request) -> Option<(u64, u64)> {
        request.bytes.clear();
        request.made.clear();
        let mut values = Values { nonce: self.nonce, tag, length: self.body_bytes, keys: self.keys };
        if let Some(made) = &self.made {
            made.write(&values, &mut request.made);
            values.length = request.made.len() as u64;
        }
        let head = if expects { &self.expecting_head } else { &self.head };
        head.write(&values, &mut request.bytes);
        request.head = request.bytes.len();
        if self.made.is_none() {
            if self.framed.len() <= COPIED_MAX {
                request.bytes.extend_from_slice(&self.framed);
            }
            return None;
        }
        match self.framing {
            Framing::ContentLength => request.bytes.extend_from_slice(&request.made),
            Framing::Chunked => {
                request.made.chunks(CHUNK).for_each(|chunk| write_chunk(&mut request.bytes, chunk));
                request.bytes.extend_from_slice(&self.end);
            }
        }
        Some((values.length, body_hash(&request.made)))
    }

    /// The body that follows the bytes of a request, if it is too large to be copied for each.
    pub(crate) fn large_body(&self) -> &[u8] {
        if self.framed.len() > COPIED_MAX { &self.framed } else { &[] }
    }
}

/// Checked with the longest values of all slots, so that no tag can make the path too long.
fn check_path(class: &Class) -> Result<(), PrepareError> {
    let longest = class.path.replace(Slot::Number.mark(), &u64::MAX.to_string());
    let longest = longest.replace(Slot::Key.mark(), &u32::MAX.to_string());
    let longest = longest.replace(Slot::Uuid.mark(), &"0".repeat(36));
    let longest = longest.replace(Slot::Tag.mark(), &"0".repeat(37));
    if !is_path(&longest) || longest.len() > PATH_MAX {
        return Err(PrepareError::Path { class: class.name.clone(), path: class.path.clone() });
    }
    Ok(())
}

fn head(class: &Class, fields: &[(String, String)], framing: wire::Framing, expects: bool) -> Pieces {
    let mut out = Vec::new();
    let mut head = HeadWriter::request(&mut out, &class.method, &class.path);
    for (index, (name, value)) in fields.iter().enumerate() {
        head = head.field(name, value);
        if index == 0 {
            head = head.field(TAG_HEADER, Slot::Tag.mark());
        }
    }
    if !fields.iter().any(|(name, _)| name == TRACE_HEADER) {
        head = head.field(TRACE_HEADER, Slot::Trace.mark());
    }
    if expects {
        head = head.field("expect", "100-continue");
    }
    match framing {
        wire::Framing::Length(length) if length > 0 => head.field("content-length", Slot::Length.mark()),
        framing => head.framing(framing),
    }
    .end();
    Pieces::of(&out)
}

/// How the head says that the body ends; the length stands for any that is not 0. Methods that anticipate content say so
/// also when there is none (RFC 9110, section 8.6).
fn declared(class: &Class, is_empty: bool, framing: Framing) -> wire::Framing {
    let anticipated = ["POST", "PUT", "PATCH"].contains(&class.method.as_str());
    match framing {
        _ if is_empty && !anticipated => wire::Framing::Bodiless,
        _ if is_empty => wire::Framing::Length(0),
        Framing::Chunked => wire::Framing::Chunked,
        Framing::ContentLength => wire::Framing::Length(1),
    }
}

/// The body without what follows its last chunk.
fn framed(body: &[u8], framing: Framing) -> Vec<u8> {
    match framing {
        Framing::ContentLength => body.to_vec(),
        Framing::Chunked => {
            let mut framed = Vec::with_capacity(body.len() + (body.len() / CHUNK + 2) * 12);
            body.chunks(CHUNK).for_each(|chunk| write_chunk(&mut framed, chunk));
            framed
        }
    }
}

fn body_bytes(content: &BodyContent, class: &str) -> Result<Vec<u8>, PrepareError> {
    let bytes = match content {
        BodyContent::Text(text) => return Ok(text.clone().into_bytes()),
        BodyContent::Sized(size) => size.0,
    };
    if bytes > BODY_MAX {
        return Err(PrepareError::Body { class: class.to_owned(), bytes });
    }
    Ok(FILLER.iter().copied().cycle().take(bytes as usize).collect())
}
