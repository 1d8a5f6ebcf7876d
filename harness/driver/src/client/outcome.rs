//! Tells how an exchange ended, from what was read and how the connection ended.

use evidence::Outcome;
use wire::{BodyError, Framing, HeadError};

use super::stream::ConnectionEnd;

/// How an exchange ended whose head can't be read.
pub(crate) fn of_head_error(error: HeadError) -> Outcome {
    if error.is_beyond_limits() { Outcome::BeyondBounds } else { Outcome::InvalidHttp }
}

/// How an exchange ended whose body can't be read.
pub(crate) fn of_body_error(error: BodyError) -> Outcome {
    if error.is_beyond_limits() { Outcome::BeyondBounds } else { Outcome::InvalidHttp }
}

/// How an exchange ended without a whole response head.
pub(crate) fn without_head(end: ConnectionEnd) -> Outcome {
    match end {
        ConnectionEnd::Fin | ConnectionEnd::Truncated => Outcome::EofNoStatus,
        ConnectionEnd::Alert => Outcome::TlsFailed,
        ConnectionEnd::Rst => Outcome::RstNoStatus,
    }
}

/// How an exchange ended whose body broke off.
pub(crate) fn in_body(end: ConnectionEnd, framing: Framing) -> Outcome {
    match (end, framing) {
        (ConnectionEnd::Rst, _) => Outcome::RstInBody,
        (ConnectionEnd::Alert, _) => Outcome::TlsFailed,
        (ConnectionEnd::Fin | ConnectionEnd::Truncated, Framing::Chunked) => Outcome::EofInChunk,
        // Under TLS also a body that ends with the connection has to be told to be whole.
        (ConnectionEnd::Fin | ConnectionEnd::Truncated, _) => Outcome::EofInBody,
    }
}

/// How an exchange ended whose body arrived whole by its framing; `intact` is false if its hash says otherwise.
pub(crate) fn of_whole(framing: Framing, intact: bool) -> Outcome {
    match framing {
        _ if !intact => Outcome::BodyMismatch,
        Framing::UntilClose => Outcome::CloseDelimited,
        Framing::Bodiless | Framing::Length(_) | Framing::Chunked => Outcome::Complete,
    }
}
