//! What a fault is told.

use evidence::Tag;
use units::Moment;

use super::Dice;

/// What arrives at a backend.
#[derive(Clone, Copy, Debug)]
pub struct Incoming {
    /// Draws that depend on the seed, the backend, and the tag and attempt (or the connection) alone.
    pub dice: Dice,
    /// The request's tag; `None` while only a connection has been accepted.
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
