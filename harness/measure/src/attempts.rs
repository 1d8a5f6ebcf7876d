//! How often requests reached the backends, told apart by how often they failed there.

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::{Attempt, End, Entry, Tag};
use policy::RetryOn;

use crate::aside::{SetAside, Why};
use crate::usable::Usable;
use crate::view::{Sight, View, client_left};
use crate::worth::{asked_wait, failure, is_named, is_out_of_time, is_repeated};

/// How soon a transport replay follows on the loss of its connection.
const REPLAY_WITHIN: Duration = Duration::from_millis(1);

/// A gateway that watches its clients learns of one that left within a round trip, and lets what it has begun to send go
/// out. What it sends later, it sends for nobody.
const LEFT_GRACE: Duration = Duration::from_millis(100);

/// Requests of each shape that are kept by their tags.
const KEPT: usize = 5;

/// What became of a request, as far as attempts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shape {
    /// Its arrivals.
    pub arrivals: usize,
    /// How many of them, from the first on, failed at all, also within the body of their answer.
    pub failed: usize,
    /// How many of them, from the first on, failed in a way that the declared policy tries again after.
    pub named: usize,
    /// True if its last arrival was answered, and did not fail: it needed no further one.
    pub answered: bool,
    /// True if the declared policy repeats its method.
    pub repeated: bool,
    /// Why it says nothing of the gateway, if it does not.
    pub apart: Option<Why>,
    /// Why it could not be tried again after its last arrival, if it could not.
    pub stopped: Option<Stopped>,
}

/// Why a request could not be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stopped {
    /// The timer for the whole request left no time.
    NoTime,
    /// A breaker may have kept all backends out.
    NoBackend,
}

/// The requests of one shape.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How many there are.
    pub count: u64,
    /// The first few.
    pub first: Vec<Tag>,
    /// All of them, by how they ended, where something is to be set aside.
    pub ended: SetAside,
}

/// The attempts of a view.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    /// Requests that were sent, by their shape.
    pub shapes: BTreeMap<Shape, Seen>,
    /// Arrivals that look like a replay by the gateway's HTTP library.
    pub replays: u64,
    /// Requests that were tried again after their client had left, and the first few of them.
    pub for_nobody: (u64, Vec<Tag>),
}

impl Attempts {
    /// Counts them.
    pub fn of(view: &View<'_>) -> Self {
        let mut attempts = Attempts::default();
        let usable = view.brief.policy.takes_backends_out().then(|| Usable::of(view));
        for entry in view.entries().filter(|entry| entry.exchange.was_sent()) {
            let shape = shape(view, &entry, usable.as_ref());
            let seen = attempts.shapes.entry(shape).or_default();
            seen.count += 1;
            keep(&mut seen.first, entry.exchange.tag);
            if let Some(why) = shape.apart.or(shape.stopped.map(|_| Why::Unavailable)) {
                seen.ended.note(why, entry.exchange);
            }
            let further = entry.attempts.iter().zip(entry.attempts.iter().skip(1));
            attempts.replays += further.filter(|(before, further)| is_replay(before, further)).count() as u64;
            if is_tried_for_nobody(view, &entry) {
                attempts.for_nobody.0 += 1;
                keep(&mut attempts.for_nobody.1, entry.exchange.tag);
            }
        }
        attempts
    }

    /// How many requests have a shape that `is` so.
    pub fn count(&self, is: impl Fn(&Shape) -> bool) -> u64 {
        self.shapes.iter().filter(|(shape, _)| is(shape)).map(|(_, seen)| seen.count).sum()
    }

    /// The first few requests whose shape `is` so, with that shape.
    pub fn first(&self, is: impl Fn(&Shape) -> bool) -> Vec<(Tag, Shape)> {
        let found = self.shapes.iter().filter(|(shape, _)| is(shape));
        found.flat_map(|(shape, seen)| seen.first.iter().map(|tag| (*tag, *shape))).take(KEPT).collect()
    }

    /// The requests whose shape `is` so, as set aside.
    pub fn aside(&self, is: impl Fn(&Shape) -> bool) -> SetAside {
        let mut aside = SetAside::default();
        self.shapes.iter().filter(|(shape, _)| is(shape)).for_each(|(_, seen)| aside.add(&seen.ended));
        aside
    }
}

fn shape(view: &View<'_>, entry: &Entry<'_>, usable: Option<&Usable<'_>>) -> Shape {
    let failures: Vec<Option<RetryOn>> =
        entry.attempts.iter().map(|attempt| failure(view.brief, entry, attempt)).collect();
    let named =
        failures.iter().take_while(|failure| failure.is_some_and(|failed| is_named(view.brief, failed)));
    let named = named.count();
    let broken_off = |attempt: &Attempt| matches!(attempt.end, End::Reset | End::Closed);
    let failed = entry.attempts.iter().zip(&failures);
    let failed = failed.take_while(|(attempt, failure)| failure.is_some() || broken_off(attempt)).count();
    // What brownout disturbed comes first: it explains also what is seen of a client that left.
    let apart = view.why_apart(entry, Sight::OUTCOMES).or_else(|| view.why_apart(entry, Sight::COUNTS));
    let last = entry.attempts.last();
    let failing = last.filter(|_| named == failures.len());
    Shape {
        arrivals: failures.len(),
        failed,
        named,
        answered: last.is_some_and(|last| last.end == End::Replied) && failures.last() == Some(&None),
        repeated: entry.attempts.first().is_none_or(|first| is_repeated(view.brief, first.method)),
        apart,
        stopped: failing.and_then(|last| stopped(view, entry, last, usable)),
    }
}

/// Why a request could not be tried again after its last attempt, if it could not.
pub(crate) fn stopped(
    view: &View<'_>,
    entry: &Entry<'_>,
    last: &Attempt,
    usable: Option<&Usable<'_>>,
) -> Option<Stopped> {
    let after = last.ended.since(entry.exchange.sent).saturating_add(asked_wait(view.brief, last));
    if is_out_of_time(view.brief, entry.attempts.len(), after) {
        return Some(Stopped::NoTime);
    }
    // How much of them is spent, only the gateway knows.
    let policy = &view.brief.policy;
    if policy.limit.is_some() || policy.retry.as_ref().is_some_and(|retry| retry.budget.is_some()) {
        return Some(Stopped::NoBackend);
    }
    // After a wait, the gateway looks for a backend again: one must have been in use at both ends of it.
    let found = |usable: &Usable<'_>| {
        [last.ended, entry.exchange.done].iter().all(|moment| usable.any(*moment, None))
    };
    usable.is_some_and(|usable| !found(usable)).then_some(Stopped::NoBackend)
}

/// HTTP libraries repeat a request by themselves when a connection that they had used before turns out to be gone.
pub fn is_replay(before: &Attempt, further: &Attempt) -> bool {
    before.backend == further.backend
        && before.nth > 1
        && before.method.is_idempotent()
        && matches!(before.end, End::Reset | End::Closed)
        && further.arrived.since(before.ended) <= REPLAY_WITHIN
}

/// True if a further attempt arrived although the client had left long before.
fn is_tried_for_nobody(view: &View<'_>, entry: &Entry<'_>) -> bool {
    let further = entry.attempts.iter().skip(1).last();
    client_left(entry)
        && further.is_some_and(|further| {
            further.arrived > entry.exchange.done + (LEFT_GRACE + view.disturbance(entry))
        })
}

fn keep(kept: &mut Vec<Tag>, tag: Tag) {
    if kept.len() < KEPT {
        kept.push(tag);
    }
}
