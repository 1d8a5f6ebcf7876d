//! Reads heads: the start line and the fields, up to the empty line.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Request, Response, Status};

use crate::error::{FramingError, HeadError};
use crate::fields::{FIELDS_MAX, FieldSlots, Fields};
use crate::framing::{Declared, Framing};
use crate::limits::Limits;

/// Line ends that may stand before a start line: a robust reader passes over one (RFC 9112, section 2.2), and a peer that
/// goes on with them would have the same bytes looked at again and again.
const LEADING_MAX: usize = 8;

/// The version of a message's protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// The head of a request.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'head> {
    /// Its bytes: the body begins after them.
    pub length: usize,
    /// The method, a token.
    pub method: &'head str,
    /// What it asks for: mostly a path and query.
    pub target: &'head str,
    /// The protocol's version.
    pub version: Version,
    /// All fields.
    pub fields: Fields<'head>,
    declared: Declared,
}

/// The head of an answer.
#[derive(Clone, Copy, Debug)]
pub struct ResponseHead<'head> {
    /// Its bytes: the body begins after them.
    pub length: usize,
    /// The status, 100 to 999.
    pub status: u16,
    /// The protocol's version.
    pub version: Version,
    /// All fields.
    pub fields: Fields<'head>,
    declared: Declared,
}

/// Finds a head in the bytes that have arrived so far. One for each message.
///
/// However the bytes are cut, the work is linear in them: bytes without the end of a head are parsed again only once
/// they have doubled.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeadReader {
    /// Bytes in which no end of a head was found.
    looked_at: usize,
    /// Bytes that were parsed last.
    parsed: usize,
}

impl HeadReader {
    /// Before the first byte.
    pub fn new() -> Self {
        HeadReader::default()
    }

    /// Starts over: for the next message, or to have the same bytes parsed once more when no others will come.
    pub fn restart(&mut self) {
        *self = HeadReader::new();
    }

    /// The head of a request at the start of `bytes`, which are all that arrived of it; `None` while it is not whole.
    pub fn request<'head, 'bytes: 'head>(
        &mut self,
        bytes: &'bytes [u8],
        slots: &'head mut FieldSlots<'bytes>,
        limits: &Limits,
    ) -> Result<Option<RequestHead<'head>>, HeadError> {
        let bytes = &bytes[..bytes.len().min(limits.head_bytes)];
        if !self.is_worth_parsing(bytes, limits)? {
            return partial(bytes, limits);
        }
        let slots = within(slots, limits);
        let mut request = Request::new(&mut []);
        let parsed = ParserConfig::default().parse_request_with_uninit_headers(&mut request, bytes, slots);
        let Some(length) = whole(parsed)? else {
            return partial(bytes, limits);
        };
        let fields = Fields(request.headers);
        Ok(Some(RequestHead {
            length,
            method: request.method.ok_or(HeadError::Malformed)?,
            target: request.path.ok_or(HeadError::Malformed)?,
            version: version(request.version),
            fields,
            declared: Declared::read(fields),
        }))
    }

    /// The head of an answer at the start of `bytes`, which are all that arrived of it; `None` while it is not whole.
    pub fn response<'head, 'bytes: 'head>(
        &mut self,
        bytes: &'bytes [u8],
        slots: &'head mut FieldSlots<'bytes>,
        limits: &Limits,
    ) -> Result<Option<ResponseHead<'head>>, HeadError> {
        let bytes = &bytes[..bytes.len().min(limits.head_bytes)];
        if !self.is_worth_parsing(bytes, limits)? {
            return partial(bytes, limits);
        }
        let slots = within(slots, limits);
        let mut response = Response::new(&mut []);
        let parsed = ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, slots);
        let Some(length) = whole(parsed)? else {
            return partial(bytes, limits);
        };
        let fields = Fields(response.headers);
        Ok(Some(ResponseHead {
            length,
            status: response.code.filter(|status| *status >= 100).ok_or(HeadError::Malformed)?,
            version: version(response.version),
            fields,
            declared: Declared::read(fields),
        }))
    }

    fn is_worth_parsing(&mut self, bytes: &[u8], limits: &Limits) -> Result<bool, HeadError> {
        let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        if bytes.len() > LEADING_MAX && bytes[..=LEADING_MAX].iter().all(is_line_end) {
            return Err(HeadError::Malformed);
        }
        // An end of a line, and then an empty line: the two may have arrived apart.
        let new = &bytes[self.looked_at.saturating_sub(2).min(bytes.len())..];
        let worth = self.parsed == 0
            || bytes.len() / 2 >= self.parsed
            || bytes.len() == limits.head_bytes
            || new.windows(2).any(|pair| pair == b"\n\n")
            || new.windows(3).any(|three| three == b"\n\r\n");
        self.looked_at = bytes.len();
        if worth {
            self.parsed = bytes.len();
        }
        Ok(worth)
    }
}

fn partial<T>(bytes: &[u8], limits: &Limits) -> Result<Option<T>, HeadError> {
    if bytes.len() == limits.head_bytes { Err(HeadError::TooLarge) } else { Ok(None) }
}

fn within<'head, 'bytes>(
    slots: &'head mut FieldSlots<'bytes>,
    limits: &Limits,
) -> &'head mut [MaybeUninit<Header<'bytes>>] {
    &mut slots.0[..limits.head_fields.min(FIELDS_MAX)]
}

/// The bytes of a head that is whole.
fn whole(parsed: httparse::Result<usize>) -> Result<Option<usize>, HeadError> {
    match parsed {
        Ok(Status::Complete(length)) => Ok(Some(length)),
        Ok(Status::Partial) => Ok(None),
        Err(httparse::Error::TooManyHeaders) => Err(HeadError::TooManyFields),
        Err(_) => Err(HeadError::Malformed),
    }
}

fn version(minor: Option<u8>) -> Version {
    if minor == Some(0) { Version::Http10 } else { Version::Http11 }
}

impl RequestHead<'_> {
    /// How its body is framed.
    pub fn framing(&self) -> Result<Framing, FramingError> {
        self.declared.of_request(self.version)
    }

    /// Whether the client means to go on with the connection (RFC 9112, section 9.3).
    pub fn keeps_alive(&self) -> bool {
        persists(self.version, &self.declared)
    }

    /// Whether the client waits for an interim answer before it sends the body (RFC 9110, section 10.1.1).
    pub fn expects_continue(&self) -> bool {
        self.version == Version::Http11 && self.declared.expects_continue
    }
}

impl ResponseHead<'_> {
    /// How its body is framed, if the request's method was `HEAD` or was not.
    pub fn framing(&self, to_head: bool) -> Result<Framing, FramingError> {
        self.declared.of_response(self.version, self.status, to_head)
    }

    /// Whether the server means to go on with the connection (RFC 9112, section 9.3). A body until close ends it anyhow.
    pub fn keeps_alive(&self) -> bool {
        persists(self.version, &self.declared)
    }

    /// Whether another answer to the same request follows: any 1xx but 101, after which it is no longer HTTP that
    /// is spoken (RFC 9110, section 15.2).
    pub fn is_interim(&self) -> bool {
        matches!(self.status, 100 | 102..=199)
    }
}

fn persists(version: Version, declared: &Declared) -> bool {
    match version {
        Version::Http11 => !declared.closes,
        Version::Http10 => declared.keeps_alive && !declared.closes,
    }
}

#[cfg(test)]
mod tests;
