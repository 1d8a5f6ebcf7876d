//! Whether a backend was open to further attempts at a moment, as far as its traffic tells.

use std::time::Duration;

use evidence::{Attempt, Entry, Ledger};
use units::Moment;

use crate::arrivals::Told;
use crate::lifetimes::{Ending, ending};
use crate::view::View;

/// A backend that got nothing for so long before a moment, and for so long after it, may be left alone: open times of
/// breakers and ejections are seconds.
const SEEN_WITHIN: Duration = Duration::from_millis(500);

/// So many successes in a row show that a breaker is not half-open: gateways ask for one to three.
const SUCCESSES: usize = 3;

/// What one arrival told of its backend, and when.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    at: Moment,
    known: Moment,
    failed: bool,
}

/// The arrivals at each backend, in order.
#[derive(Debug)]
pub struct Usable {
    backends: Vec<Vec<Outcome>>,
    /// True if the gateway is declared to leave backends alone.
    breaks: bool,
}

impl Usable {
    /// What the arrivals in and around a view's phase tell.
    pub fn of(view: &View<'_>) -> Self {
        let phase = view.phase();
        let near = |attempt: &Attempt| {
            attempt.arrived + SEEN_WITHIN >= phase.from && attempt.arrived <= phase.to + SEEN_WITHIN
        };
        let mut backends = vec![Vec::new(); view.brief.backends.len()];
        for entry in entries(view.ledger) {
            for attempt in entry.attempts.iter().filter(|attempt| near(attempt)) {
                if let Some(seen) = backends.get_mut(usize::from(attempt.backend)) {
                    seen.extend(outcome(&entry, attempt));
                }
            }
        }
        for seen in &mut backends {
            seen.sort_by_key(|outcome: &Outcome| outcome.at);
        }
        Usable { backends, breaks: view.brief.policy.breaker.is_some() }
    }

    /// True if a further attempt could certainly have gone to some backend, other than `besides` where that is given.
    ///
    /// Where a breaker is declared, only a backend whose last outcomes were successes certainly is in use: one that has
    /// just failed may have been left alone because of it.
    pub fn any(&self, at: Moment, besides: Option<u16>) -> bool {
        let others = self.backends.iter().enumerate();
        let mut others =
            others.filter(|(index, _)| besides.is_none_or(|backend| usize::from(backend) != *index));
        others.any(|(_, seen)| self.is_open(seen, at))
    }

    fn is_open(&self, seen: &[Outcome], at: Moment) -> bool {
        let next = seen.partition_point(|outcome| outcome.at <= at);
        let near = |outcome: &Outcome| outcome.at + SEEN_WITHIN >= at && outcome.at <= at + SEEN_WITHIN;
        let before = next.checked_sub(1).and_then(|last| seen.get(last));
        let used = before.is_some_and(near) || seen.get(next).is_some_and(near);
        if !self.breaks {
            return used;
        }
        let known = seen[..next].iter().rev().filter(|outcome| outcome.known <= at);
        let latest: Vec<&Outcome> = known.take(SUCCESSES).collect();
        used && latest.len() == SUCCESSES && latest.iter().all(|outcome| !outcome.failed)
    }
}

fn entries(ledger: &Ledger) -> impl Iterator<Item = Entry<'_>> {
    ledger.entries().filter(|entry| !entry.attempts.is_empty())
}

fn outcome(entry: &Entry<'_>, attempt: &Attempt) -> Option<Outcome> {
    let told = match ending(entry, attempt) {
        Ending::Client => Told::Nothing,
        _ if attempt.failed() || attempt.status == 429 => Told::Failure,
        _ => Told::Success,
    };
    let known = attempt.replied.unwrap_or(attempt.ended).max(attempt.arrived);
    (told != Told::Nothing).then_some(Outcome { at: attempt.arrived, known, failed: told == Told::Failure })
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use policy::{Breaker, Policy, Trip};
    use units::Timespan;

    use super::*;
    use crate::testing::{Call, Run, Try, at};

    fn run() -> Run {
        let run = Run::new().phase("outage", 10.0).backend("a").backend("b").class("reads", Method::Get);
        run.fault("outage", "status", &["b"])
            .calls(50, |n| Call::due("reads", 20.0 * n as f64).attempt(Try::ok("a")))
            .calls(50, |n| Call::due("reads", 5.0 + 20.0 * n as f64).attempt(Try::hit("b", "status")))
    }

    fn breaking() -> Policy {
        let trip = Trip { consecutive: Some(5), count: None, share: None, within: None, min: None };
        Policy { breaker: Some(Breaker::new(trip, Timespan::from_secs(1))), ..Policy::default() }
    }

    fn any(run: &Run, ms: f64, besides: u16) -> bool {
        run.view("outage", "", |view| Usable::of(view).any(at(ms), Some(besides)))
    }

    #[test]
    fn without_a_breaker_a_backend_that_gets_traffic_is_in_use_whatever_it_answers() {
        assert!(any(&run(), 500.0, 0) && any(&run(), 500.0, 1));
    }

    #[test]
    fn a_backend_that_gets_nothing_may_be_left_alone() {
        assert!(!any(&run(), 5_000.0, 0));
        assert!(any(&run(), 1_400.0, 0), "half a second after its last request nothing is known");
    }

    #[test]
    fn with_a_breaker_only_a_backend_that_succeeds_is_certainly_in_use() {
        let run = run().policy(breaking());
        assert!(any(&run, 500.0, 1), "`a` answers");
        assert!(!any(&run, 500.0, 0), "`b` fails, and may be left alone");
    }
}
