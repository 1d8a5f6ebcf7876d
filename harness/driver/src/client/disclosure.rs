//! Looks through the body of an error for what it tells of what is inside: credentials of the request, addresses of backends.

use std::cell::RefCell;

use evidence::{Disclosed, HeaderLog, NO_BACKEND};
use wire::{FieldSlots, HeadReader, Limits};

/// Bytes of a body that are looked through.
const SEARCHED_MAX: usize = 64 * 1024;

/// The shortest word that is taken for a credential.
const WORD_MIN: usize = 8;

/// The start of an error's body, while it arrives; its memory is kept.
#[derive(Default)]
pub(crate) struct ErrorBody {
    is_kept: bool,
    bytes: Vec<u8>,
}

impl ErrorBody {
    /// There is no answer yet.
    pub(crate) fn forget(&mut self) {
        self.is_kept = false;
    }

    /// Whether the body is kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Starts over with an answer of this status, which a backend may have made.
    pub(crate) fn begin(&mut self, is_wanted: bool, status: u16, backend: u16) {
        self.is_kept = is_wanted && status >= 400 && backend == NO_BACKEND;
        self.bytes.clear();
    }

    /// Takes a piece of the body.
    pub(crate) fn take(&mut self, piece: &[u8]) {
        if self.is_kept {
            let room = SEARCHED_MAX - self.bytes.len();
            self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        }
    }

    /// What it discloses to the sender of the request with this head.
    pub(crate) fn disclosed(&self, head: &[u8], log: &RefCell<HeaderLog>, backends: &[String]) -> Disclosed {
        let log = log.borrow();
        if !self.is_kept || self.bytes.is_empty() {
            Disclosed::Unknown
        } else if log.has_secret(&self.bytes) || self.has_credential(head, &log) {
            Disclosed::Credential
        } else if backends.iter().any(|address| self.has(address.as_bytes())) {
            Disclosed::Address
        } else {
            Disclosed::Nothing
        }
    }

    fn has_credential(&self, head: &[u8], log: &HeaderLog) -> bool {
        let mut slots = FieldSlots::new();
        let limits = Limits { head_bytes: usize::MAX, ..Limits::default() };
        let Ok(Some(request)) = HeadReader::new().request(head, &mut slots, &limits) else { return false };
        let secrets = || log.what().headers.iter().filter(|header| header.secret);
        let mut values = request.fields.iter().filter(|field| secrets().any(|header| field.is(&header.name)));
        values.any(|field| credentials(field.value).any(|credential| self.has(credential)))
    }

    fn has(&self, text: &[u8]) -> bool {
        self.bytes.windows(text.len()).any(|part| part == text)
    }
}

/// What gives a credential away: the whole value, and each of its words that is long and has a digit, as random ones do.
fn credentials(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let words = value.split(|byte| b" \t;,=\"".contains(byte));
    let words = words.filter(|word| word.iter().any(u8::is_ascii_digit));
    std::iter::once(value).chain(words).filter(|text| text.len() >= WORD_MIN)
}

#[cfg(test)]
mod tests {
    use evidence::{RecordedHeader, RecordedHeaders, Recorder, Redaction};

    use super::*;

    fn disclosed(body: &[u8]) -> Disclosed {
        let headers = vec![RecordedHeader { name: "authorization".into(), secret: true }];
        let what = RecordedHeaders { headers, search_errors: true, ..RecordedHeaders::default() };
        let recorder = Recorder::discarding().redacting(Redaction::of(["s3cret"].into_iter()));
        let log = RefCell::new(HeaderLog::new(&what, &recorder));
        let head = b"GET / HTTP/1.1\r\nAuthorization: Bearer abc123xyz\r\nx-name: orders99\r\n\r\n";
        let mut error = ErrorBody::default();
        error.begin(true, 502, NO_BACKEND);
        body.chunks(3).for_each(|piece| error.take(piece));
        error.disclosed(head, &log, &["127.0.0.1:9001".into()])
    }

    #[test]
    fn credentials_addresses_and_secrets_are_found_and_words_of_the_scheme_are_none() {
        for (body, expected) in [
            (&b"502 Bad Gateway"[..], Disclosed::Nothing),
            (b"token of Bearer orders99", Disclosed::Nothing),
            (b"Authorization: Bearer abc123xyz", Disclosed::Credential),
            (b"bad token <abc123xyz>", Disclosed::Credential),
            (b"with s3cret", Disclosed::Credential),
            (b"connect to 127.0.0.1:9001 failed", Disclosed::Address),
            (b"", Disclosed::Unknown),
        ] {
            assert_eq!(disclosed(body), expected, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn only_the_gateway_s_own_errors_are_looked_through_and_a_long_one_only_at_its_start() {
        for (wanted, status, backend) in [(false, 502, NO_BACKEND), (true, 200, NO_BACKEND), (true, 502, 0)] {
            let mut body = ErrorBody::default();
            body.begin(wanted, status, backend);
            body.take(b"abc");
            assert!(body.bytes.is_empty());
        }
        let mut body = ErrorBody::default();
        body.begin(true, 502, NO_BACKEND);
        (0..100).for_each(|_| body.take(&[b'a'; 1000]));
        assert_eq!(body.bytes.len(), SEARCHED_MAX);
    }
}
