//! Why a message can't be read.

use thiserror::Error;

/// Why a head can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeadError {
    /// The bytes are not the head of an HTTP/1.0 or HTTP/1.1 message.
    #[error("not the head of an HTTP/1 message")]
    Malformed,
    /// More bytes than [`Limits::head_bytes`](crate::Limits::head_bytes) came without the end of the head.
    #[error("a head of more bytes than are read")]
    TooLarge,
    /// More fields than [`Limits::head_fields`](crate::Limits::head_fields).
    #[error("a head of more fields than are read")]
    TooManyFields,
}

impl HeadError {
    /// True if the head may be valid, but is larger than what is read.
    pub fn is_beyond_limits(self) -> bool {
        matches!(self, HeadError::TooLarge | HeadError::TooManyFields)
    }
}

/// Why a message's fields don't say how its body ends (RFC 9112, section 6.3). Two readers would disagree on where the next
/// message begins, which is how requests are smuggled (section 11.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FramingError {
    /// A `content-length` that is no number, or one beyond 64 bits.
    #[error("a `content-length` that is no number")]
    Length,
    /// Two different values of `content-length`.
    #[error("two different values of `content-length`")]
    TwoLengths,
    /// Both `content-length` and `transfer-encoding`.
    #[error("both `content-length` and `transfer-encoding`")]
    LengthAndCoding,
    /// `chunked` twice; in a request, any transfer coding but a single `chunked`.
    #[error("a `transfer-encoding` that does not tell where the body ends")]
    Coding,
    /// A transfer coding in a message of HTTP/1.0, which has none (section 6.1).
    #[error("a `transfer-encoding` in a message of HTTP/1.0")]
    CodingInHttp10,
}

/// Why a body can't be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BodyError {
    /// A chunk without a size, with one beyond 64 bits, or without the CRLF behind it.
    #[error("a malformed chunk")]
    Chunk,
    /// A trailer field that is none.
    #[error("a malformed trailer field")]
    Trailer,
    /// More bytes than [`Limits::body_bytes`](crate::Limits::body_bytes).
    #[error("a body of more bytes than are read")]
    TooLarge,
    /// A size line of more bytes than [`Limits::chunk_line_bytes`](crate::Limits::chunk_line_bytes).
    #[error("a chunk whose size line has more bytes than are read")]
    ChunkLineTooLong,
    /// More trailer bytes than [`Limits::trailer_bytes`](crate::Limits::trailer_bytes).
    #[error("more trailer bytes than are read")]
    TrailersTooLong,
}

impl BodyError {
    /// True if the body may be valid, but is larger than what is read.
    pub fn is_beyond_limits(self) -> bool {
        match self {
            BodyError::Chunk | BodyError::Trailer => false,
            BodyError::TooLarge | BodyError::ChunkLineTooLong | BodyError::TrailersTooLong => true,
        }
    }
}
