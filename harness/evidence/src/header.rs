//! One header of one message, as it was at one end: what was sent against what arrived.

use crate::Tag;
use crate::table::{table, words};

/// Stands for the path and query of a request, in the place of a header's index.
pub const TARGET: u16 = u16::MAX;

/// The longest value that is recorded as text, in bytes. Longer ones are hashed like secrets.
pub const TEXT_MAX: usize = 256;

words! {
    /// Which message a header stood in, and at which end.
    Message {
        /// The request, as the client sent it.
        ClientSent = "client_sent",
        /// The request, as it arrived at a backend.
        BackendReceived = "backend_received",
        /// The answer, as a backend sent it.
        BackendSent = "backend_sent",
        /// The answer, as it arrived at the client.
        ClientReceived = "client_received",
    }
}

table! {
    /// One header of one message at one end, or the path and query of a request. There are rows for the headers that the
    /// scenario lists and those that its demands need, also where a message does not have them. A run that records none has
    /// no rows.
    Header in "headers" as Headers {
        /// The join key.
        tag: Tag,
        /// The attempt, counted from 1; 0 at the client's end.
        attempt: u16,
        /// The message, and the end at which it was seen.
        message: Message,
        /// The header, by its index in the plan; [`TARGET`] is the path and query.
        header: u16,
        /// In how many lines it stood there; 0 if the message did not have it.
        lines: u16,
        /// How many items its value has as a list, over all lines (RFC 9110, section 5.6.1).
        items: u16,
        /// A keyed hash of the value, of all lines joined by `, `. Equal values have equal hashes within a run; the key is in no
        /// file. 0 if the message did not have it.
        hash: u64,
        /// The value, of all lines joined by `, `; absent if the message did not have it, if it is secret, is no UTF-8 or has
        /// more than 256 bytes.
        text: Option<Box<str>>,
    }
}

impl Header {
    /// True if the message had it.
    pub fn is_there(&self) -> bool {
        self.lines > 0
    }

    /// True if both messages had it with the same value.
    pub fn is_same(&self, other: &Header) -> bool {
        self.is_there() && other.is_there() && self.hash == other.hash
    }
}
