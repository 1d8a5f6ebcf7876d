//! The gaps between the attempts of one request.

use std::time::Duration;

use evidence::{Entry, Tag};

/// How long a gateway waited before it tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The request.
    pub tag: Tag,
    /// Which gap of the request it is, from 1: before the second attempt.
    pub nth: usize,
    /// From the moment at which the attempt before was over to the arrival of this one. Nothing if the gateway was
    /// still holding the attempt before when this one arrived, so that nobody can see when it gave that one up.
    pub length: Option<Duration>,
}

/// The gaps between the attempts of one request, in order.
pub fn gaps(entry: Entry<'_>) -> impl Iterator<Item = Gap> {
    let tag = entry.exchange.tag;
    entry.attempts.windows(2).enumerate().map(move |(index, pair)| {
        let over = pair[0].replied.unwrap_or(pair[0].ended);
        let left_open = pair[0].replied.is_none() && over > pair[1].arrived;
        Gap { tag, nth: index + 1, length: (!left_open).then(|| pair[1].arrived.since(over)) }
    })
}
