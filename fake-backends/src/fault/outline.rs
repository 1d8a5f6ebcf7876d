//! What a fault does, in as few figures as it takes to tell before a run what it can show.

use std::time::Duration;

use units::Share;

/// What a fault does to the attempts that it hits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outline {
    /// The part of the attempts that it hits.
    pub share: Share,
    /// If it hits only the first so many attempts of each request.
    pub first: Option<u16>,
    /// What becomes of an attempt that it hits.
    pub does: Does,
}

/// What becomes of an attempt that a fault hits, as the gateway meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// The answer comes late: by so much at the least, and at the most.
    Delays(Duration, Duration),
    /// It is answered with this status.
    Answers(u16),
    /// It is never answered.
    Hangs,
    /// The connection ends before a status line.
    Breaks,
    /// The connection ends within the body of the answer.
    Cuts,
    /// It can't connect, so that nothing of it is on record.
    Refuses,
}

impl Outline {
    /// It hits so large a part of the attempts.
    pub(super) fn of(share: Share, does: Does) -> Self {
        Outline { share, first: None, does }
    }
}
