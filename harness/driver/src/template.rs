//! The requests of one class, made once; only the number in tag and path differs from one to the next.

use std::time::Duration;

use evidence::{RunNonce, TAG_HEADER, Tag, body_hash};
use thiserror::Error;
use wire::{HeadWriter, decimal, is_field_value, is_path, is_token, write_chunk, write_last_chunk};

use crate::spec::{BodyContent, Class, Framing, NUMBER};

/// The longest path with its number, in bytes.
const PATH_MAX: usize = 60_000;

/// The largest request body that is kept in memory, in bytes.
const BODY_MAX: u64 = 1 << 30;

/// Bodies up to this many bytes are copied behind the head and leave in one piece with it; longer ones are sent from the one
/// copy that all requests share.
const COPIED_MAX: usize = 16 * 1024;

/// Bytes in one chunk of a chunked body.
const CHUNK: usize = 16 * 1024;

/// What a sized body repeats.
const FILLER: &[u8] = b"brownout request body. ";

/// Why a load can't be made from its spec.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// A method that is no token, or that makes no request to a backend.
    #[error(
        "traffic `{class}`: `{method}` is not a method that can be sent: expected a token such as `GET`, and not `CONNECT`"
    )]
    Method {
        /// The class.
        class: String,
        /// The method.
        method: String,
    },
    /// A path that can't stand in a request line.
    #[error(
        "traffic `{class}`: `{path}` is not a path: expected one that starts with `/`, without spaces, of at most {PATH_MAX} bytes"
    )]
    Path {
        /// The class.
        class: String,
        /// The path as it was given.
        path: String,
    },
    /// A header whose name or value has characters that HTTP forbids.
    #[error(
        "traffic `{class}`: the header `{header}` can't be sent: its name or value has characters that HTTP forbids"
    )]
    Header {
        /// The class.
        class: String,
        /// The header's name. Its value may be a secret.
        header: String,
    },
    /// A header that the driver itself decides.
    #[error("traffic `{class}`: the header `{header}` is made by the driver and can't be given")]
    ReservedHeader {
        /// The class.
        class: String,
        /// The header's name.
        header: String,
    },
    /// A host that can't stand in a header.
    #[error("`{0}` can't stand in a `host` header")]
    Host(String),
    /// A request body that is too large to keep in memory.
    #[error("traffic `{class}`: a request body of {bytes} bytes, at most {BODY_MAX} can be sent")]
    Body {
        /// The class.
        class: String,
        /// Its size in bytes.
        bytes: u64,
    },
    /// More classes than evidence can tell apart.
    #[error("{0} traffic classes, at most 65535 can be told apart")]
    Classes(usize),
}

/// The requests of one class.
pub(crate) struct Template {
    pub(crate) deadline: Duration,
    /// Whether its requests are carried by connections that carry others too.
    pub(crate) keep_alive: bool,
    /// Whether the method is `HEAD`, whose answers have no body.
    pub(crate) is_head: bool,
    /// Bytes of the request body.
    pub(crate) body_bytes: u64,
    /// XXH3-64 of them.
    pub(crate) body_hash: u64,
    /// What follows the head, framed, if it is too large to be copied for each request.
    pub(crate) large_body: Vec<u8>,
    /// The bytes around the number, which stands between each two: the head, and a body that is copied.
    pieces: Vec<Vec<u8>>,
}

impl Template {
    pub(crate) fn new(class: &Class, host: &str, nonce: RunNonce) -> Result<Self, PrepareError> {
        if !is_token(&class.method) || class.method == "CONNECT" {
            return Err(PrepareError::Method { class: class.name.clone(), method: class.method.clone() });
        }
        let body = class.body.as_ref().map(|body| body_bytes(&body.content, &class.name)).transpose()?;
        let body = body.unwrap_or_default();
        let framing = class.body.as_ref().map_or(Framing::ContentLength, |body| body.framing);
        let fields = fields(class, host)?;
        let closes = |(name, value): &(String, String)| name == "connection" && has_close(value);
        let mut head = Vec::new();
        write_head(&mut head, &path(class)?, class, nonce, &fields, wire_framing(class, &body, framing));
        let mut template = Template {
            deadline: class.deadline,
            keep_alive: class.keep_alive && !fields.iter().any(closes),
            is_head: class.method == "HEAD",
            body_bytes: body.len() as u64,
            body_hash: body_hash(&body),
            large_body: framed(body, framing),
            pieces: split(&head),
        };
        if template.large_body.len() <= COPIED_MAX
            && let Some(last) = template.pieces.last_mut()
        {
            last.append(&mut template.large_body);
        }
        Ok(template)
    }

    /// Appends the request with this tag: its head, and its body unless that is the [large one](Template::large_body).
    pub(crate) fn write(&self, tag: Tag, out: &mut Vec<u8>) {
        for (index, piece) in self.pieces.iter().enumerate() {
            if index > 0 {
                decimal(out, tag.0);
            }
            out.extend_from_slice(piece);
        }
    }
}

/// Stands in a head that is being made where the number comes; no head has this byte.
const SLOT: u8 = 0;

fn split(head: &[u8]) -> Vec<Vec<u8>> {
    head.split(|byte| *byte == SLOT).map(<[u8]>::to_vec).collect()
}

/// The path, with slots for the number.
fn path(class: &Class) -> Result<String, PrepareError> {
    // Checked with the longest number, so that no tag can make the path too long.
    let longest = class.path.replace(NUMBER, &u64::MAX.to_string());
    if !is_path(&longest) || longest.len() > PATH_MAX {
        return Err(PrepareError::Path { class: class.name.clone(), path: class.path.clone() });
    }
    Ok(class.path.replace(NUMBER, &char::from(SLOT).to_string()))
}

fn write_head(
    out: &mut Vec<u8>,
    path: &str,
    class: &Class,
    nonce: RunNonce,
    fields: &[(String, String)],
    framing: wire::Framing,
) {
    let mut head = HeadWriter::request(out, &class.method, path);
    for (index, (name, value)) in fields.iter().enumerate() {
        head = head.field(name, value);
        if index == 0 {
            head = head.field(TAG_HEADER, format!("{nonce}-{}", char::from(SLOT)));
        }
    }
    head.framing(framing).end();
}

/// How the head says that the body ends. Methods that anticipate content say so also when there is none (RFC 9110,
/// section 8.6).
fn wire_framing(class: &Class, body: &[u8], framing: Framing) -> wire::Framing {
    let anticipated = ["POST", "PUT", "PATCH"].contains(&class.method.as_str());
    match framing {
        _ if body.is_empty() && !anticipated => wire::Framing::Bodiless,
        Framing::Chunked if !body.is_empty() => wire::Framing::Chunked,
        Framing::Chunked | Framing::ContentLength => wire::Framing::Length(body.len() as u64),
    }
}

fn framed(body: Vec<u8>, framing: Framing) -> Vec<u8> {
    if framing == Framing::ContentLength || body.is_empty() {
        return body;
    }
    let mut framed = Vec::with_capacity(body.len() + (body.len() / CHUNK + 2) * 12);
    body.chunks(CHUNK).for_each(|chunk| write_chunk(&mut framed, chunk));
    write_last_chunk(&mut framed, &[]);
    framed
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

/// All fields but the tag and the framing; `host` is the first.
fn fields(class: &Class, host: &str) -> Result<Vec<(String, String)>, PrepareError> {
    if !is_field_value(host) {
        return Err(PrepareError::Host(host.to_owned()));
    }
    let mut fields = vec![("host".to_owned(), host.to_owned())];
    if !class.keep_alive {
        fields.push(("connection".to_owned(), "close".to_owned()));
    }
    for (name, value) in &class.headers {
        let header = || (class.name.clone(), name.clone());
        if !is_token(name) || !is_field_value(value) {
            let (class, header) = header();
            return Err(PrepareError::Header { class, header });
        }
        let key = name.to_ascii_lowercase();
        if ["content-length", "transfer-encoding", TAG_HEADER].contains(&key.as_str()) {
            let (class, header) = header();
            return Err(PrepareError::ReservedHeader { class, header });
        }
        // One `host` and one `connection` only; any other header may come several times.
        let before = fields.iter_mut().find(|(name, _)| *name == key);
        match before.filter(|_| key == "host" || key == "connection") {
            Some((_, before)) => before.clone_from(value),
            None => fields.push((key, value.clone())),
        }
    }
    Ok(fields)
}

fn has_close(value: &str) -> bool {
    value.split(',').any(|item| item.trim().eq_ignore_ascii_case("close"))
}
