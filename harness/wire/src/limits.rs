//! How much of a message is read: all that a peer could make large.

use crate::fields::FIELDS_MAX;

/// How much of a message is read. What is larger is refused, as an error of its own: it need not be the peer's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a head, its start line included.
    pub head_bytes: usize,
    /// Fields of a head; [`FIELDS_MAX`] at most.
    pub head_fields: usize,
    /// Bytes of a chunk's size line with its extensions.
    pub chunk_line_bytes: usize,
    /// Bytes of a chunked body's trailer section.
    pub trailer_bytes: usize,
    /// Bytes of a body, without its framing.
    pub body_bytes: u64,
    /// Interim answers (1xx) before the final one.
    pub interim_heads: u32,
}

impl Default for Limits {
    /// 64 KiB and 100 fields a head, 4 KiB a chunk's line, 16 KiB of trailers, 1 GiB a body, 100 interim answers.
    fn default() -> Self {
        Limits {
            head_bytes: 64 * 1024,
            head_fields: FIELDS_MAX,
            chunk_line_bytes: 4 * 1024,
            trailer_bytes: 16 * 1024,
            body_bytes: 1 << 30,
            interim_heads: 100,
        }
    }
}
