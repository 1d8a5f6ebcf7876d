//! What the ledger has of what gateways count: how many for certain, and how many at the most.

use std::collections::HashSet;

use evidence::{ConnectionEnd, End, Entry, Outcome, Tag};
use units::{Moment, Stretch, Timespan};

use super::What;
use super::scrapes::Scrapes;
use crate::view::View;

/// How many requests are kept by their tags.
const SHOWN: usize = 5;

/// What is on record.
pub(super) struct Recorded {
    pub(super) certain: u64,
    /// `None` where attempts may have left no trace.
    pub(super) possible: Option<u64>,
    /// The first few requests with something that is counted for certain.
    pub(super) shown: Vec<Tag>,
}

/// Something that the gateway may count, and when.
struct Event {
    from: Moment,
    to: Moment,
    /// How many times it is counted for certain, if it is between the scrapes.
    certain: u64,
    /// How many times at the most; `None` where there is no telling.
    possible: Option<u64>,
}

impl Recorded {
    pub(super) fn of(
        view: &View<'_>,
        what: What,
        late: Timespan,
        scrapes: &Scrapes<'_>,
        blind: &[Stretch],
    ) -> Recorded {
        let mut recorded = Recorded { certain: 0, possible: Some(0), shown: Vec::new() };
        let Some((first, last)) = scrapes.answered.first().zip(scrapes.answered.last()) else {
            return recorded;
        };
        for entry in view.ledger.entries().filter(|entry| view.takes(entry.exchange.class)) {
            each(view, what, &entry, late, |event| {
                if event.to < first.asked || event.from > last.answered {
                    return;
                }
                recorded.possible = recorded.possible.zip(event.possible).map(|(all, more)| all + more);
                let is_blind = |blind: &Stretch| event.from <= blind.to && event.to >= blind.from;
                if event.from > first.answered && event.to < last.asked && !blind.iter().any(is_blind) {
                    recorded.certain += event.certain;
                    let tag = entry.exchange.tag;
                    if event.certain > 0
                        && recorded.shown.len() < SHOWN
                        && recorded.shown.last() != Some(&tag)
                    {
                        recorded.shown.push(tag);
                    }
                }
            });
        }
        let more = match what {
            What::Requests if shares_page(view) => scrapes.answered.len() as u64 + scrapes.failed,
            What::Retries => closed_idle(view, scrapes.between()),
            _ => 0,
        };
        recorded.possible = recorded.possible.map(|possible| possible + more);
        recorded
    }
}

/// Whether scrapes may be counted as requests.
fn shares_page(view: &View<'_>) -> bool {
    view.brief.metrics.as_ref().is_some_and(|metrics| metrics.shared)
}

/// What of one request may be counted.
fn each(view: &View<'_>, what: What, entry: &Entry<'_>, late: Timespan, mut take: impl FnMut(Event)) {
    let (exchange, attempts) = (entry.exchange, entry.attempts);
    if !exchange.was_sent() {
        return;
    }
    // A stall of the machine stops the gateway as well.
    let until = |end: Moment| end + (*late + view.stalls.touching(end, end + *late));
    let end = attempts.iter().map(|attempt| attempt.ended).fold(exchange.done, Moment::max);
    let whole = |certain: u64, possible: Option<u64>| Event {
        from: exchange.sent,
        to: until(end),
        certain,
        possible,
    };
    let is_over = exchange.outcome != Outcome::Unfinished;
    match what {
        What::Requests => {
            let came = is_over && (exchange.status != 0 || !attempts.is_empty());
            take(whole(u64::from(came), Some(1)));
        }
        // Without a status, the gateway may have given one that did not arrive.
        What::Errors if exchange.status >= 500 => take(whole(u64::from(is_over), Some(1))),
        What::Errors if exchange.status == 0 => take(whole(0, Some(1))),
        What::Errors => {}
        What::Retries => {
            for pair in attempts.windows(2) {
                take(Event {
                    from: pair[0].arrived,
                    to: until(pair[1].arrived),
                    certain: 1,
                    possible: Some(1),
                });
            }
            let of_last = exchange.answered_by_backend()
                && attempts.last().is_some_and(|last| last.number == exchange.attempt);
            if view.may_hide(entry) {
                take(whole(0, None));
            } else if !of_last {
                // One more may have been decided on, and given up before it was sent.
                take(whole(0, Some(1)));
            }
        }
    }
}

/// Connections that a backend closed while no request was on them: a request that was sent on one at that moment left no trace, and
/// was tried again.
fn closed_idle(view: &View<'_>, between: (Moment, Moment)) -> u64 {
    let ended_it = |end: End| matches!(end, End::Reset | End::Closed | End::Spoiled);
    let attempts = view.ledger.attempts().iter().filter(|attempt| ended_it(attempt.end));
    let busy: HashSet<u32> = attempts.map(|attempt| attempt.connection).collect();
    let idle = view.ledger.rest().connections.iter().filter(|connection| {
        matches!(connection.end, ConnectionEnd::BackendFin | ConnectionEnd::BackendRst)
            && connection.closed >= between.0
            && connection.accepted <= between.1
            && !busy.contains(&connection.connection)
    });
    idle.count() as u64
}
