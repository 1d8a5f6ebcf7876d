//! The HTTP/1.1 codec that the driver and the fake backends share (RFC 9112).
//!
//! It turns bytes into heads and bodies, and heads and bodies into bytes, and allocates nothing for an ordinary message.
//! It holds no socket and reads no clock, and it knows nothing of tags, faults or evidence: what the peer's bytes mean
//! for a run is decided by those who call it. All that a peer can make large has a limit in [`Limits`].
//!
//! Reading: [`ReceivedBytes`] holds what has arrived, [`HeadReader`] finds a head in it, the head tells its [`Framing`],
//! and a [`BodyReader`] takes the body out of what follows. Writing: [`HeadWriter`], [`write_chunk`] and
//! [`write_last_chunk`] append to a buffer of the caller's.

mod body;
mod chunk;
mod error;
mod fields;
mod framing;
mod hash;
mod head;
mod limits;
mod received;
mod retry_after;
mod trailers;
mod words;
mod write;

pub use body::{BodyReader, BodySink};
pub use error::{BodyError, FramingError, HeadError};
pub use fields::{FIELDS_MAX, Field, FieldSlots, Fields};
pub use framing::Framing;
pub use hash::BodyHash;
pub use head::{HeadReader, RequestHead, ResponseHead, Version};
pub use limits::Limits;
pub use received::ReceivedBytes;
pub use retry_after::{retry_after, retry_after_is_date};
pub use words::{is_field_value, is_path, is_token};
pub use write::{HeadWriter, decimal, hexadecimal, write_chunk, write_chunk_size, write_last_chunk};
