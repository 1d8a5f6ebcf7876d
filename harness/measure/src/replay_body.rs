//! The body of a request as each of its attempts brought it: declared, received and hashed, against what the client sent.

use std::time::Duration;

use evidence::{Attempt, End, Entry, Outcome, Tag};

use crate::view::{View, client_left};

/// What is waited for in vain for so long does not come: a body is sent on with its head, or right after it.
const STARVED_AFTER: Duration = Duration::from_millis(20);

/// A total timer ends attempts that begin within so much of it, with their body under way.
const TIMER_GRAIN: Duration = Duration::from_millis(5);

/// What is wrong with the body of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WrongBody {
    /// The attempt was whole, and had no body at all.
    Missing,
    /// The attempt was whole, and had fewer bytes.
    Short,
    /// There were more bytes.
    Long,
    /// As many bytes, and other ones.
    Altered,
    /// The attempt waited for a body that did not come.
    Starved,
}

impl WrongBody {
    /// All of them.
    pub const ALL: [WrongBody; 5] =
        [WrongBody::Missing, WrongBody::Short, WrongBody::Long, WrongBody::Altered, WrongBody::Starved];

    /// In words, for "12 further attempts …".
    pub fn words(self) -> &'static str {
        match self {
            WrongBody::Missing => "had no body",
            WrongBody::Short => "had a part of the body only",
            WrongBody::Long => "had more bytes than were sent",
            WrongBody::Altered => "had other bytes than were sent",
            WrongBody::Starved => "waited for a body that did not come",
        }
    }
}

/// What is wrong with the body of attempt `index` (from 0), if anything is.
pub fn wrong_body(view: &View<'_>, entry: &Entry<'_>, index: usize) -> Option<WrongBody> {
    let (exchange, attempt) = (entry.exchange, entry.attempts.get(index)?);
    let (sent, received) = (exchange.request_bytes, attempt.received);
    if received > sent {
        return Some(WrongBody::Long);
    }
    if attempt.body_done.is_none() {
        // Of a body that broke off only its length can be told: it is no longer than what was sent.
        let starved = index > 0 && received < sent && is_starved(view, entry, attempt);
        return starved.then_some(WrongBody::Starved);
    }
    if received < sent {
        return Some(if received == 0 { WrongBody::Missing } else { WrongBody::Short });
    }
    let first_whole = || entry.attempts.iter().find(|attempt| attempt.body_done.is_some());
    let hash = exchange.request_hash.or_else(|| first_whole().map(|first| first.body_hash));
    let differs = hash.is_some_and(|hash| attempt.body_hash != hash)
        || attempt.declared.is_some_and(|declared| declared != received);
    differs.then_some(WrongBody::Altered)
}

/// True if nobody but the gateway can have kept the body from an attempt: not a fault that ended it, not a client that
/// left, not the end of the run, not the timer for the whole request.
fn is_starved(view: &View<'_>, entry: &Entry<'_>, attempt: &Attempt) -> bool {
    let by_gateway = matches!(
        attempt.end,
        End::RequestCut
            | End::AbandonedFin
            | End::AbandonedRst
            | End::OpenAtEnd
            | End::Malformed
            | End::Spoiled
    );
    let total = view.brief.policy.timeout.total;
    let timed_out =
        total.is_some_and(|total| attempt.ended.since(entry.exchange.sent) + TIMER_GRAIN >= *total);
    let waited = attempt.received == 0 || attempt.duration() > STARVED_AFTER + view.disturbance(entry);
    by_gateway && waited && !timed_out && !client_left(entry) && entry.exchange.outcome != Outcome::Unfinished
}

/// The further attempts of requests with a body.
#[derive(Clone, Debug, Default)]
pub struct RetriedBodies {
    /// Those whose body could be compared with what was sent, the wrong ones among them.
    pub compared: u64,
    /// Those that ended before their body was whole, by no doing of the gateway that can be proven.
    pub unfinished: u64,
    /// Those whose body was wrong, with the number of the attempt.
    pub wrong: Vec<(Tag, u16, WrongBody)>,
}

impl RetriedBodies {
    /// Compares them. Bytes are what they are: neither stalls nor edges explain a difference.
    pub fn of(view: &View<'_>) -> Self {
        let mut found = RetriedBodies::default();
        for entry in view.entries().filter(|entry| entry.exchange.request_bytes > 0) {
            for (index, further) in entry.attempts.iter().enumerate().skip(1) {
                let wrong = wrong_body(view, &entry, index);
                if further.body_done.is_none() && wrong.is_none() {
                    found.unfinished += 1;
                    continue;
                }
                found.compared += 1;
                found.wrong.extend(wrong.map(|wrong| (entry.exchange.tag, further.number, wrong)));
            }
        }
        found
    }

    /// How many were wrong in this way.
    pub fn times(&self, wrong: WrongBody) -> usize {
        self.wrong.iter().filter(|(_, _, found)| *found == wrong).count()
    }
}
