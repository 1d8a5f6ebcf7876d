//! The parts of a class's requests that never change, made once; only the tag and `{n}` differ.

use bytes::Bytes;
use evidence::{RunNonce, TAG_HEADER, Tag, body_hash};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use std::time::Duration;
use thiserror::Error;

use crate::request_body::RequestBody;
use crate::{BodyContent, Class, Framing};

/// What stands for the tag's number in a path.
pub(crate) const NUMBER: &str = "{n}";

/// The longest path with its number, in bytes; http's own limit is 65 534.
const PATH_MAX: usize = 60_000;

/// The largest request body that is kept in memory, in bytes.
const BODY_MAX: u64 = 1 << 30;

/// What a sized body repeats.
const FILLER: &[u8] = b"brownout request body. ";

pub(crate) static TAG: HeaderName = HeaderName::from_static(TAG_HEADER);

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
    pub(crate) method: Method,
    pub(crate) deadline: Duration,
    pub(crate) keep_alive: bool,
    /// Bytes of the request body.
    pub(crate) body_bytes: u64,
    /// XXH3-64 of them.
    pub(crate) body_hash: u64,
    path: Path,
    headers: HeaderMap,
    body: RequestBody,
    /// The tag header up to the number.
    tag_prefix: String,
}

enum Path {
    Fixed(Uri),
    /// The texts around the number.
    Counted(Vec<String>),
}

impl Template {
    pub(crate) fn new(class: &Class, host: &str, nonce: RunNonce) -> Result<Self, PrepareError> {
        let method =
            Method::from_bytes(class.method.as_bytes()).ok().filter(|method| *method != Method::CONNECT);
        let method = method.ok_or_else(|| PrepareError::Method {
            class: class.name.clone(),
            method: class.method.clone(),
        })?;
        let (body, framing) = match &class.body {
            None => (Bytes::new(), Framing::ContentLength),
            Some(body) => (body_bytes(&body.content, &class.name)?, body.framing),
        };
        let tag = Tag(0).header_value(nonce);
        Ok(Template {
            path: Path::new(class)?,
            headers: headers(class, host, &method, &body, &tag)?,
            body_bytes: body.len() as u64,
            body_hash: body_hash(&body),
            body: RequestBody::new(body, framing),
            tag_prefix: tag[..tag.len() - 1].to_owned(),
            deadline: class.deadline,
            keep_alive: class.keep_alive,
            method,
        })
    }

    /// The value of the tag header.
    pub(crate) fn tag_value(&self, tag: Tag) -> HeaderValue {
        let mut digits = [0; 20];
        let digits = decimal(tag.0, &mut digits);
        let mut value = Vec::with_capacity(self.tag_prefix.len() + digits.len());
        value.extend_from_slice(self.tag_prefix.as_bytes());
        value.extend_from_slice(digits);
        HeaderValue::from_maybe_shared(Bytes::from(value))
            .expect("hexadecimal digits, a dash and digits are a value")
    }

    /// The request with this tag; `value` is its tag header.
    pub(crate) fn request(&self, tag: Tag, value: HeaderValue) -> Request<RequestBody> {
        let mut headers = self.headers.clone();
        headers.insert(&TAG, value);
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.uri(tag);
        *request.headers_mut() = headers;
        request
    }
}

impl Path {
    fn new(class: &Class) -> Result<Self, PrepareError> {
        let wrong = || PrepareError::Path { class: class.name.clone(), path: class.path.clone() };
        let pieces: Vec<String> = class.path.split(NUMBER).map(str::to_owned).collect();
        // Checked with the longest number, so that no tag can make the path too long.
        let longest = pieces.join(&u64::MAX.to_string());
        let parsed = PathAndQuery::try_from(longest.as_str()).map_err(|_| wrong())?;
        // http cuts a fragment off, and the request line would then not be what was asked for.
        if !longest.starts_with('/') || longest.len() > PATH_MAX || parsed.as_str() != longest {
            return Err(wrong());
        }
        Ok(if pieces.len() == 1 { Path::Fixed(Uri::from(parsed)) } else { Path::Counted(pieces) })
    }

    fn uri(&self, tag: Tag) -> Uri {
        let pieces = match self {
            Path::Fixed(uri) => return uri.clone(),
            Path::Counted(pieces) => pieces,
        };
        let mut digits = [0; 20];
        let digits = decimal(tag.0, &mut digits);
        let mut text = Vec::with_capacity(pieces.iter().map(|piece| piece.len() + digits.len()).sum());
        for (index, piece) in pieces.iter().enumerate() {
            if index > 0 {
                text.extend_from_slice(digits);
            }
            text.extend_from_slice(piece.as_bytes());
        }
        let path = PathAndQuery::from_maybe_shared(Bytes::from(text));
        Uri::from(path.expect("the path was checked with the longest number"))
    }
}

fn body_bytes(content: &BodyContent, class: &str) -> Result<Bytes, PrepareError> {
    let bytes = match content {
        BodyContent::Text(text) => return Ok(Bytes::copy_from_slice(text.as_bytes())),
        BodyContent::Sized(size) => size.0,
    };
    if bytes > BODY_MAX {
        return Err(PrepareError::Body { class: class.to_owned(), bytes });
    }
    Ok(FILLER.iter().copied().cycle().take(bytes as usize).collect())
}

fn headers(
    class: &Class,
    host: &str,
    method: &Method,
    body: &Bytes,
    tag: &str,
) -> Result<HeaderMap, PrepareError> {
    let mut headers = HeaderMap::with_capacity(class.headers.len() + 4);
    headers.insert(HOST, HeaderValue::from_str(host).map_err(|_| PrepareError::Host(host.to_owned()))?);
    headers.insert(&TAG, HeaderValue::from_str(tag).expect("a tag is a header value"));
    if !class.keep_alive {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    // RFC 9110, section 8.6: methods that anticipate content say so when there is none.
    if body.is_empty() && [Method::POST, Method::PUT, Method::PATCH].contains(method) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    for (name, value) in &class.headers {
        let wrong = || PrepareError::Header { class: class.name.clone(), header: name.clone() };
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let value = HeaderValue::from_str(value).map_err(|_| wrong())?;
        if [&CONTENT_LENGTH, &TRANSFER_ENCODING, &TAG].contains(&&key) {
            return Err(PrepareError::ReservedHeader { class: class.name.clone(), header: name.clone() });
        }
        // One `host` and one `connection` only; any other header may come several times.
        if key == HOST || key == CONNECTION {
            headers.insert(key, value);
        } else {
            headers.append(key, value);
        }
    }
    Ok(headers)
}

/// Decimal digits without the cost of the formatting machinery, which shows at 100 000 requests a second.
fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[start..];
        }
    }
}
