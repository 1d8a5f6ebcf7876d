//! Tells how an exchange ended, from what hyper says and what the wire noted.
//!
//! hyper's errors do not tell FIN from RST, and the wire knows nothing of messages; together they tell all classes.

use evidence::Outcome;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method, StatusCode};

use crate::wire::WireEnd;

/// How the end of a response body is told (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseFraming {
    /// There is no body, whatever the headers say.
    Bodiless,
    /// By its length.
    Length,
    /// By the last chunk.
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

impl ResponseFraming {
    pub(crate) fn of(method: &Method, status: StatusCode, headers: &HeaderMap) -> Self {
        let bodiless =
            status.is_informational() || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
        if method == Method::HEAD || bodiless {
            return ResponseFraming::Bodiless;
        }
        if let Some(coding) = headers.get_all(TRANSFER_ENCODING).iter().next_back() {
            let last = coding.as_bytes().rsplit(|byte| *byte == b',').next().unwrap_or_default();
            let chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
            return if chunked { ResponseFraming::Chunked } else { ResponseFraming::UntilClose };
        }
        if headers.contains_key(CONTENT_LENGTH) {
            ResponseFraming::Length
        } else {
            ResponseFraming::UntilClose
        }
    }

    /// How an exchange whose body arrived whole by its framing ended; `intact` is false if its hash says otherwise.
    pub(crate) fn whole(self, intact: bool) -> Outcome {
        match self {
            _ if !intact => Outcome::BodyMismatch,
            ResponseFraming::UntilClose => Outcome::CloseDelimited,
            ResponseFraming::Bodiless | ResponseFraming::Length | ResponseFraming::Chunked => {
                Outcome::Complete
            }
        }
    }

    /// How an exchange whose body broke off ended.
    pub(crate) fn broken(self, end: Option<WireEnd>) -> Outcome {
        match (end, self) {
            (Some(WireEnd::Rst), _) => Outcome::RstInBody,
            (Some(WireEnd::Fin), ResponseFraming::Chunked) => Outcome::EofInChunk,
            (Some(WireEnd::Fin), _) => Outcome::EofInBody,
            // The connection is alive, so the bytes themselves were wrong: a chunk size that is no number.
            (None, _) => Outcome::InvalidHttp,
        }
    }
}

/// How an exchange without a whole response head ended.
pub(crate) fn without_head(error: &hyper::Error, end: Option<WireEnd>) -> Outcome {
    match end {
        _ if error.is_parse_too_large() => Outcome::BeyondBounds,
        _ if error.is_parse() => Outcome::InvalidHttp,
        Some(WireEnd::Fin) => Outcome::EofNoStatus,
        Some(WireEnd::Rst) => Outcome::RstNoStatus,
        // Bytes that belong to no request.
        None => Outcome::InvalidHttp,
    }
}
