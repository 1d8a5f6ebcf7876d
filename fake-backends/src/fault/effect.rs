//! What a fault is told, and what it answers.

use std::time::Duration;

use evidence::Tag;
use units::Moment;

use super::Dice;

/// What arrives at a backend.
#[derive(Clone, Copy, Debug)]
pub struct Incoming {
    /// Draws that depend on the seed, the backend, and the tag and attempt (or the connection) alone.
    pub dice: Dice,
    /// The request's tag; nothing while only a connection has been accepted.
    pub tag: Option<Tag>,
    /// The attempt's number over the whole pool, from 1; for an untagged request, its number on its connection; 0
    /// for a connection.
    pub number: u16,
    /// When it arrived.
    pub at: Moment,
}

impl Incoming {
    /// True while only a connection has been accepted, and no request has arrived on it.
    pub fn is_connection(&self) -> bool {
        self.number == 0
    }
}

/// What is to be done, as a value. Effects of several faults combine: delays add up, and the last answer other
/// than a normal one holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effect {
    /// To wait before the answer.
    pub delay: Duration,
    /// What to answer.
    pub answer: Answer,
}

/// What to answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Answer {
    /// The normal answer.
    #[default]
    Normal,
    /// An answer with this status.
    Status {
        /// The status code.
        code: u16,
        /// Further response headers.
        headers: Vec<(String, String)>,
        /// The body; without it, the normal one.
        body: Option<String>,
    },
    /// None, and the connection stays open.
    Hang,
    /// A reset of the connection.
    Reset(Place),
    /// A close (FIN) of the connection.
    Close(Place),
}

/// Where in the life of a connection it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Right after it was accepted, before a request is read.
    Accept,
    /// When the request has arrived whole.
    AfterRequest,
    /// In the middle of the response head.
    InHeaders,
    /// After this many bytes of the response body.
    Body(u64),
}

impl Effect {
    /// True if it changes anything.
    pub fn acts(&self) -> bool {
        *self != Effect::default()
    }
}
