//! Which failures of a first attempt were followed by another attempt: by the kind of failure and the method.

use std::collections::BTreeMap;

use evidence::{Attempt, End, Entry, Firing, Tag};
use policy::{FailureClass, RetryOn};
use units::Moment;

use crate::arrivals::weight_share;
use crate::aside::{SetAside, Why};
use crate::attempts::{is_replay, stopped};
use crate::lifetimes::{Ending, ending};
use crate::usable::Usable;
use crate::view::{Sight, View, client_left};

/// Cases that are kept by their tags.
const KEPT: usize = 5;

/// How an attempt failed, as the gateway met it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failed {
    /// Answered with an error status.
    Status(u16),
    /// The connection ended before a status line.
    Broken,
    /// The gateway gave it up.
    GivenUp,
    /// The answer broke off within its body: nobody can try again.
    Cut,
}

/// What followed on one kind of failure.
#[derive(Clone, Debug, Default)]
pub struct Followed {
    /// Requests whose first attempt failed so.
    pub failed: u64,
    /// Those that arrived again.
    pub again: u64,
    /// Those whose second attempt went to another backend.
    pub elsewhere: u64,
    /// Those before whose second attempt so many others had come to the pool that whose turn it was is anybody's guess. Counted
    /// where the policy leaves the backend of a further attempt open.
    pub free: u64,
    /// Those that look like a replay by the gateway's HTTP library.
    pub replays: u64,
    /// The first few that arrived again.
    pub shown_again: Vec<Tag>,
    /// The first few that did not.
    pub shown_not: Vec<Tag>,
    /// The first few whose second attempt went to the same backend.
    pub shown_same: Vec<Tag>,
    /// Requests that failed so and say nothing of the gateway.
    pub set_aside: SetAside,
}

/// The matrix. What is set aside counts in the cell of its failure only: a request that did not fail is no case that is
/// missing.
#[derive(Clone, Debug, Default)]
pub struct RetryMatrix {
    /// By the kind of failure and the method.
    pub cells: BTreeMap<(Failed, &'static str), Followed>,
    /// Requests that some backends would have refused while others took them: counted as tried again unless the gateway
    /// gave up without any attempt on record.
    pub refused: Followed,
    /// How many backends there are.
    pub backends: usize,
}

/// Measures it.
pub fn retry_matrix(view: &View<'_>) -> RetryMatrix {
    let mut matrix = RetryMatrix { backends: view.brief.backends.len(), ..RetryMatrix::default() };
    let usable = view.brief.policy.takes_backends_out().then(|| Usable::of(view));
    let open_choice = view.brief.policy.retry.as_ref().is_some_and(|retry| !retry.other_backend);
    let arrivals = if open_choice { arrivals(view) } else { Vec::new() };
    for entry in view.entries() {
        let Some(first) = entry.attempts.first() else { continue };
        // Given up for a client that left: whether the gateway would have given it up later, nobody knows.
        let left = || (first.was_abandoned() && client_left(&entry)).then_some(Failed::GivenUp);
        let Some(failed) = how_failed(&entry, first).or_else(left) else { continue };
        let unavailable = || {
            (entry.attempts.len() == 1 && stopped(view, &entry, first, usable.as_ref()).is_some())
                .then_some(Why::Unavailable)
        };
        let followed = matrix.cells.entry((failed, first.method.word())).or_default();
        if let Some(why) = view.why_apart(&entry, Sight::COUNTS).or_else(unavailable) {
            followed.set_aside.note(why, entry.exchange);
            continue;
        }
        followed.take(&entry);
        followed.free += u64::from(is_free(view, &arrivals, &entry));
    }
    matrix.refused = refused(view, usable.as_ref());
    matrix
}

/// When requests arrived at the pool, in order.
fn arrivals(view: &View<'_>) -> Vec<Moment> {
    let mut arrivals: Vec<Moment> = view.ledger.attempts().iter().map(|attempt| attempt.arrived).collect();
    arrivals.sort_unstable();
    arrivals
}

/// True if, between the first two attempts, as many others came as there are further backends: a gateway that takes turns may
/// then have come round to the first one again.
fn is_free(view: &View<'_>, arrivals: &[Moment], entry: &Entry<'_>) -> bool {
    let [first, second, ..] = entry.attempts else { return false };
    let up_to_first = arrivals.partition_point(|at| *at <= first.arrived);
    let between = arrivals.partition_point(|at| *at < second.arrived).saturating_sub(up_to_first);
    !arrivals.is_empty() && between + 1 >= view.brief.backends.len()
}

/// What became of requests while some backends refused connections, and not all. A refused connection leaves no trace, but
/// a gateway that does not try elsewhere answers for itself, without any attempt on record.
///
/// It also does so where all the attempts that the policy makes may have been turned away, and while a breaker keeps the
/// others out: those say nothing. A breaker that counts refused connections soon asks for none, so that nobody can tell how
/// many requests met one.
fn refused(view: &View<'_>, usable: Option<&Usable<'_>>) -> Followed {
    let mut refused = Followed::default();
    let backends = view.brief.backends.len();
    let firings: Vec<&Firing> = view.ledger.rest().firings.iter().collect();
    let closed = |entry: &Entry<'_>| {
        let (from, to) = (entry.exchange.sent, entry.exchange.done);
        let mut closed: Vec<u16> = firings
            .iter()
            .filter(|firing| firing.from <= from && to < firing.to)
            .map(|firing| firing.backend)
            .collect();
        closed.sort_unstable();
        closed.dedup();
        closed
    };
    if firings.is_empty() {
        return refused;
    }
    let sight = Sight { attempts: false, ..Sight::COUNTS };
    let policy = &view.brief.policy;
    let attempts = policy.retry.as_ref().map_or(usize::MAX, |retry| usize::from(retry.attempts));
    let counted = policy.breaker.as_ref().is_some_and(|breaker| {
        let fails = if breaker.fails.is_empty() { &FailureClass::USUAL[..] } else { &breaker.fails };
        fails.contains(&FailureClass::One(RetryOn::ConnectFailure))
    });
    // Where a further attempt may go to the same backend, it may have been refused as well.
    let may_be_same = policy.retry.as_ref().is_some_and(|retry| !retry.other_backend);
    let (mut exposed, mut given_up) = (0.0, 0u64);
    for entry in view.entries() {
        let closed = closed(&entry);
        if closed.is_empty() || closed.len() == backends || closed.len() >= attempts {
            continue;
        }
        let method = view.brief.traffic.get(usize::from(entry.exchange.class)).map(|class| class.method);
        let listed = view.brief.policy.retry.as_ref().is_none_or(|retry| {
            retry.methods.iter().any(|listed| method.is_some_and(|method| method.word() == listed))
        });
        if !listed {
            continue;
        }
        if let Some(why) = view.why_apart(&entry, sight) {
            refused.set_aside.note(why, entry.exchange);
            continue;
        }
        let nowhere = usable.is_some_and(|usable| !usable.any(entry.exchange.done, None));
        let given_up_here = entry.attempts.is_empty() && !entry.exchange.succeeded();
        let excuse = if nowhere { Some(Why::Unavailable) } else { may_be_same.then_some(Why::Hidden) };
        if let Some(why) = excuse.filter(|_| given_up_here) {
            refused.set_aside.note(why, entry.exchange);
            continue;
        }
        if !counted {
            exposed += closed.iter().map(|backend| weight_share(view.brief, *backend)).sum::<f64>();
        }
        if given_up_here {
            given_up += 1;
            keep(&mut refused.shown_not, entry.exchange.tag);
        }
    }
    refused.failed = (exposed.floor() as u64).max(given_up);
    refused.again = refused.failed - given_up;
    refused
}

impl Followed {
    fn take(&mut self, entry: &Entry<'_>) {
        self.failed += 1;
        let tag = entry.exchange.tag;
        let Some(second) = entry.attempts.get(1) else {
            keep(&mut self.shown_not, tag);
            return;
        };
        let first = &entry.attempts[0];
        self.again += 1;
        keep(&mut self.shown_again, tag);
        if first.backend == second.backend {
            keep(&mut self.shown_same, tag);
        } else {
            self.elsewhere += 1;
        }
        self.replays += u64::from(is_replay(first, second));
    }
}

fn keep(shown: &mut Vec<Tag>, tag: Tag) {
    if shown.len() < KEPT {
        shown.push(tag);
    }
}

/// How an attempt failed; None if it did not, or if nobody can tell.
pub fn how_failed(entry: &Entry<'_>, attempt: &Attempt) -> Option<Failed> {
    match attempt.end {
        End::Replied if attempt.status >= 400 => Some(Failed::Status(attempt.status)),
        End::Reset | End::Closed if attempt.status == 0 => Some(Failed::Broken),
        End::Reset | End::Closed => Some(Failed::Cut),
        End::AbandonedFin | End::AbandonedRst if ending(entry, attempt) == Ending::Gateway => {
            Some(Failed::GivenUp)
        }
        _ => None,
    }
}
