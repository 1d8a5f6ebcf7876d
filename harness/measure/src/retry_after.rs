//! What becomes of a `Retry-After`: whether a gateway comes back before the time, keeps its client waiting for nothing, and
//! passes the field on (RFC 9110, section 10.2.3).

use std::time::Duration;

use evidence::{Attempt, Entry, Tag};

use crate::aside::{SetAside, Why};
use crate::lifetimes::blur_at;
use crate::view::{Sight, View, client_left};
use crate::worth::TIMER_GRAIN;

/// An attempt that was told to come back later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The request.
    pub tag: Tag,
    /// The status that it was told with.
    pub status: u16,
    /// True if it was told by a date, and not in seconds.
    pub by_date: bool,
    /// How long it was told to wait.
    pub asked: Duration,
    /// After how long the request came back: to any backend, or where others may be tried at once, to the same one. None if
    /// it did not.
    pub back: Option<Duration>,
    /// How long the gateway held the client from then on.
    pub held: Duration,
    /// What the declared timer for the whole request left from then on. None without such a timer.
    pub left: Option<Duration>,
    /// By how much brownout itself may have disturbed these lengths.
    pub blur: Duration,
}

/// The attempts of a view that were told to come back later.
#[derive(Clone, Debug, Default)]
pub struct Tellings {
    /// Each of them.
    pub told: Vec<Told>,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

impl Tellings {
    /// Finds them. With `spills`, only an attempt at the same backend counts as coming back.
    pub fn of(view: &View<'_>, spills: bool) -> Self {
        let mut tellings = Tellings::default();
        let sight = Sight { disturbance: Duration::MAX, client: false, ..Sight::COUNTS };
        for entry in view.entries().filter(|entry| entry.attempts.iter().any(is_told)) {
            match view.why_apart(&entry, sight) {
                Some(why) => tellings.set_aside.note(why, entry.exchange),
                None => tellings.take(view, &entry, spills),
            }
        }
        tellings
    }

    fn take(&mut self, view: &View<'_>, entry: &Entry<'_>, spills: bool) {
        let exchange = entry.exchange;
        for (index, attempt) in entry.attempts.iter().enumerate() {
            let (Some(until), Some(number), Some(over)) =
                (attempt.retry_at, attempt.retry_after, attempt.replied)
            else {
                continue;
            };
            let mut further = entry.attempts[index + 1..].iter();
            let next = further.find(|next| !spills || next.backend == attempt.backend);
            // Where the client left, nobody knows when the gateway would have come back.
            if next.is_none() && client_left(entry) {
                self.set_aside.note(Why::ClientLeft, exchange);
                continue;
            }
            let end = next.map_or(exchange.done, |next| next.arrived);
            let total = view.brief.policy.timeout.total;
            self.told.push(Told {
                tag: exchange.tag,
                status: attempt.status,
                by_date: number >= DATES,
                asked: until.since(over),
                back: next.map(|next| next.arrived.since(over)),
                held: exchange.done.since(over),
                left: total.map(|total| (exchange.sent + *total).since(over)),
                blur: blur_at(view, over).saturating_add(blur_at(view, end)).saturating_add(TIMER_GRAIN),
            });
        }
    }
}

/// From this number on a `retry-after` is a date.
const DATES: u64 = 1_000_000_000;

fn is_told(attempt: &Attempt) -> bool {
    attempt.retry_at.is_some()
}

/// What clients got of the `Retry-After` of the answer that their request ended on.
#[derive(Clone, Debug, Default)]
pub struct PassedOn {
    /// Requests that ended on such an answer, and failed.
    pub ended: u64,
    /// Those whose client got no such field, or one that says something else.
    pub lost: Vec<Lost>,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

/// A client that was not told, or told something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The request.
    pub tag: Tag,
    /// The status that the client got.
    pub status: u16,
    /// The number in the backend's field.
    pub sent: u64,
    /// The number in the client's, if it got any.
    pub got: Option<u64>,
}

impl PassedOn {
    /// Measures it.
    pub fn of(view: &View<'_>) -> Self {
        let mut passed_on = PassedOn::default();
        for entry in view.entries() {
            let Some(sent) = entry.attempts.last().and_then(|last| last.retry_after) else { continue };
            let exchange = entry.exchange;
            if let Some(why) = view.why_apart(&entry, Sight::COUNTS) {
                passed_on.set_aside.note(why, exchange);
                continue;
            }
            if exchange.succeeded() {
                continue;
            }
            passed_on.ended += 1;
            if exchange.retry_after != Some(sent) {
                let (tag, status, got) = (exchange.tag, exchange.status, exchange.retry_after);
                passed_on.lost.push(Lost { tag, status, sent, got });
            }
        }
        passed_on
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    fn told(backend: &str, ms: f64) -> Try {
        Try::hit(backend, "status").status(429).row(move |attempt| {
            attempt.retry_after = Some(1);
            attempt.retry_at = attempt.replied.map(|at| at + Duration::from_secs_f64(ms / 1e3));
        })
    }

    fn run() -> Run {
        let run = Run::new().phase("p", 10.0).backend("a").backend("b").class("reads", Method::Get);
        run.fault("p", "status", &["a", "b"])
    }

    #[test]
    fn a_wait_is_measured_to_the_next_attempt_anywhere_or_at_the_same_backend() {
        let call = Call::due("reads", 100.0).attempt(told("a", 1_000.0)).attempt(Try::ok("b").after(20.0));
        let call = call.attempt(Try::ok("a").after(980.0));
        run().call(call).view("p", "", |view| {
            let millis = |spills| Tellings::of(view, spills).told[0].back.map(|back| back.as_millis());
            assert_eq!((millis(false), millis(true)), (Some(20), Some(1_002)));
        });
    }

    #[test]
    fn what_the_client_gets_is_compared_with_what_the_last_attempt_said() {
        let passed = |got: Option<u64>| {
            let call = Call::due("reads", 100.0).attempt(told("a", 1_000.0));
            run().call(call.row(move |exchange| exchange.retry_after = got)).view("p", "", |view| {
                let passed_on = PassedOn::of(view);
                (passed_on.ended, passed_on.lost.len())
            })
        };
        assert_eq!((passed(Some(1)), passed(Some(2)), passed(None)), ((1, 0), (1, 1), (1, 1)));
    }
}
