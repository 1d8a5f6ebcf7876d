//! Reads a request head, as far as a backend has to know it.

use evidence::{Method, RunNonce, Stamp, TAG_HEADER, Tag};
use httparse::{EMPTY_HEADER, Header, Status};

/// Header fields of a request; more are refused.
const HEADERS_MAX: usize = 100;

/// A request head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Its bytes.
    pub(super) length: usize,
    pub(super) method: Method,
    /// The tag, if it is one of this run.
    pub(super) tag: Option<Tag>,
    /// What it carries where that is none.
    pub(super) stamp: Stamp,
    /// How the body is framed, or the status that refuses it.
    pub(super) framing: Result<Framing, u16>,
    /// Whether the client means to go on with this connection.
    pub(super) keeps_alive: bool,
    /// Whether the client waits for "100 Continue" before it sends the body.
    pub(super) expects_continue: bool,
}

/// How a request body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length; 0 for a request without a body.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// Reads a head at the start of `bytes`: nothing if it is not whole yet, the status that refuses it if it is none.
/// Tags from `exchanges_max` on were never given out.
pub(super) fn parse(bytes: &[u8], nonce: RunNonce, exchanges_max: u64) -> Result<Option<Head>, u16> {
    let mut fields = [EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut fields);
    let length = match request.parse(bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(431),
        Err(_) => return Err(400),
    };
    let is_1_1 = request.version == Some(1);
    let mut head = Head {
        length,
        method: Method::parse(request.method.unwrap_or_default()),
        tag: None,
        stamp: Stamp::Untagged,
        framing: Ok(Framing::Length(0)),
        keeps_alive: is_1_1,
        expects_continue: false,
    };
    let mut sizes = Sizes::default();
    for field in request.headers.iter() {
        match field.name.len() {
            len if len == TAG_HEADER.len() && is(field, TAG_HEADER) => {
                (head.tag, head.stamp) = match Tag::parse(field.value, nonce) {
                    Some(tag) if tag.0 < exchanges_max => (Some(tag), head.stamp),
                    Some(_) => (None, Stamp::Forged),
                    None => (None, Stamp::Foreign),
                };
            }
            14 if is(field, "content-length") => sizes.lengths(field.value),
            17 if is(field, "transfer-encoding") => sizes.encoding(field.value),
            10 if is(field, "connection") => head.keeps_alive &= !lists(field.value, "close"),
            6 if is(field, "expect") => head.expects_continue = is_1_1 && lists(field.value, "100-continue"),
            _ => {}
        }
    }
    head.framing = sizes.framing(is_1_1);
    // After a body whose end can't be told, nothing on the connection can be read.
    head.keeps_alive &= head.framing.is_ok();
    Ok(Some(head))
}

fn is(field: &Header<'_>, name: &str) -> bool {
    field.name.eq_ignore_ascii_case(name)
}

fn lists(value: &[u8], word: &str) -> bool {
    value.split(|byte| *byte == b',').any(|item| item.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

/// What the fields say of the body's size. Any contradiction refuses the request: one reader would take for a body what
/// the other takes for the next request (RFC 9112, section 11.2).
#[derive(Default)]
struct Sizes {
    length: Option<u64>,
    chunked: bool,
    wrong: bool,
}

impl Sizes {
    fn lengths(&mut self, value: &[u8]) {
        let digits = std::str::from_utf8(value.trim_ascii())
            .ok()
            .filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let length = digits.and_then(|digits| digits.parse().ok());
        self.wrong |= length.is_none() || (self.length.is_some() && self.length != length);
        self.length = length;
    }

    fn encoding(&mut self, value: &[u8]) {
        self.wrong |= self.chunked || !value.trim_ascii().eq_ignore_ascii_case(b"chunked");
        self.chunked = true;
    }

    fn framing(&self, is_1_1: bool) -> Result<Framing, u16> {
        match (self.chunked, self.length) {
            _ if self.wrong => Err(400),
            (true, Some(_)) => Err(400),
            (true, None) => is_1_1.then_some(Framing::Chunked).ok_or(400),
            (false, length) => Ok(Framing::Length(length.unwrap_or(0))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn read(fields: &str) -> Head {
        let text = format!("POST /orders HTTP/1.1\r\nhost: a\r\n{fields}\r\n");
        parse(text.as_bytes(), RunNonce(7), 100).unwrap().unwrap()
    }

    #[rstest]
    #[case("", Ok(Framing::Length(0)))]
    #[case("Content-Length: 12\r\n", Ok(Framing::Length(12)))]
    #[case("content-length: 5\r\ncontent-length: 5\r\n", Ok(Framing::Length(5)))]
    #[case("content-length: 5\r\ncontent-length: 6\r\n", Err(400))]
    #[case("content-length: +5\r\n", Err(400))]
    #[case("content-length: 99999999999999999999\r\n", Err(400))]
    #[case("transfer-encoding: Chunked\r\n", Ok(Framing::Chunked))]
    #[case("transfer-encoding: gzip, chunked\r\n", Err(400))]
    #[case("transfer-encoding: chunked\r\ncontent-length: 5\r\n", Err(400))]
    fn the_body_is_framed_by_its_fields_and_contradictions_are_refused(
        #[case] fields: &str,
        #[case] expected: Result<Framing, u16>,
    ) {
        assert_eq!(read(fields).framing, expected);
    }

    #[rstest]
    #[case("0000000000000007-42", Some(Tag(42)), Stamp::Untagged)]
    #[case("0000000000000008-42", None, Stamp::Foreign)]
    #[case("0000000000000007-100", None, Stamp::Forged)]
    #[case("0000000000000007--5", None, Stamp::Foreign)]
    #[case("junk", None, Stamp::Foreign)]
    fn only_tags_that_this_run_gave_out_count(
        #[case] value: &str,
        #[case] expected: Option<Tag>,
        #[case] stamp: Stamp,
    ) {
        let head = read(&format!("X-Brownout-Tag: {value}\r\n"));
        assert_eq!((head.tag, head.stamp), (expected, stamp));
        assert_eq!(read("").stamp, Stamp::Untagged);
    }

    #[test]
    fn a_connection_goes_on_unless_the_request_says_otherwise() {
        assert!(read("").keeps_alive);
        assert!(!read("connection: foo, Close\r\n").keeps_alive);
        let old = parse(b"GET / HTTP/1.0\r\n\r\n", RunNonce(7), 1).unwrap().unwrap();
        assert!(!old.keeps_alive);
        assert!(read("expect: 100-continue\r\n").expects_continue);
    }

    #[test]
    fn too_many_fields_are_refused() {
        let fields = "a: b\r\n".repeat(101);
        assert_eq!(parse(format!("GET / HTTP/1.1\r\n{fields}\r\n").as_bytes(), RunNonce(7), 1), Err(431));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = parse(&bytes, RunNonce(7), 1);
            let head = [b"GET / HTTP/1.1\r\n".as_slice(), &bytes, b"\r\n\r\n"].concat();
            let _ = parse(&head, RunNonce(7), 1);
        }
    }
}
