//! How requests ended, as the client saw it: successes, failures, the longest burst of failures.

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::{Entry, Exchange, Outcome, Tag};
use units::{Moment, Stretch};

use crate::aside::{SetAside, Why};
use crate::success::succeeded;
use crate::view::{Sight, View};

/// How one request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Answered whole by a backend, with a status below 400.
    Well,
    /// Anything else that the gateway, or what it made of a fault, is answerable for.
    Badly,
    /// It says nothing of the gateway.
    Apart(Why),
}

/// How a request ended. `patience` is the time after which a request that was still under way when the run ended has
/// failed; without it, that is not known.
pub fn ended(view: &View<'_>, entry: &Entry<'_>, patience: Option<Duration>) -> Ended {
    let exchange = entry.exchange;
    let overdue = exchange.outcome == Outcome::Unfinished
        && patience.is_some_and(|patience| exchange.service_time() > patience);
    match view.why_apart(entry, Sight::OUTCOMES) {
        Some(Why::Lost) if overdue => Ended::Badly,
        Some(why) => Ended::Apart(why),
        // The client broke it off on purpose: how it would have ended is not known.
        None if exchange.outcome == Outcome::ClientAbort => Ended::Apart(Why::ClientLeft),
        None if succeeded(entry) => Ended::Well,
        None => Ended::Badly,
    }
}

/// What became of the requests of a stretch.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    /// Those that succeeded.
    pub succeeded: u64,
    /// Those that failed.
    pub failed: u64,
    /// The first few that failed.
    pub failures: Vec<Tag>,
    /// The longest burst of failures.
    pub burst: Burst,
    /// Those that say nothing of the gateway.
    pub set_aside: SetAside,
    /// Those of them that failed while brownout itself stood still. A stall touches long requests sooner than short ones, and
    /// what fails often takes long: without them, the others look better than all.
    pub failed_in_stalls: u64,
}

/// How many failures are kept by their tags.
const FAILURES_KEPT: usize = 5;

impl Outcomes {
    /// The outcomes of the view's own stretch.
    pub fn of(view: &View<'_>) -> Self {
        Self::due_in(view, view.stretch, None)
    }

    /// The outcomes of the requests that were due in a stretch.
    pub fn due_in(view: &View<'_>, stretch: Stretch, patience: Option<Duration>) -> Self {
        let mut outcomes = Outcomes::default();
        let (mut running, mut last) = (Burst::default(), None);
        for entry in view.entries_due(stretch) {
            let exchange = entry.exchange;
            let how = ended(view, &entry, patience);
            match how {
                Ended::Well => outcomes.succeeded += 1,
                Ended::Badly => {
                    outcomes.failed += 1;
                    if outcomes.failures.len() < FAILURES_KEPT {
                        outcomes.failures.push(exchange.tag);
                    }
                    running.grow(exchange, last);
                }
                Ended::Apart(why) => {
                    let failed = why == Why::Stalled && !succeeded(&entry);
                    outcomes.failed_in_stalls += u64::from(failed);
                    outcomes.set_aside.note(why, exchange);
                }
            }
            if how != Ended::Badly {
                // What is set aside ends a burst as a success does: nobody knows whether it belongs to it.
                running.close(exchange.due);
                outcomes.burst.keep_longer(&running);
                running = Burst::default();
            }
            last = Some(exchange.due);
        }
        running.close(stretch.to);
        outcomes.burst.keep_longer(&running);
        outcomes
    }

    /// Those that say something of the gateway.
    pub fn count(&self) -> u64 {
        self.succeeded + self.failed
    }

    /// The share of them that succeeded; 1 of none.
    pub fn share(&self) -> f64 {
        if self.count() == 0 { 1.0 } else { self.succeeded as f64 / self.count() as f64 }
    }
}

/// Requests in a row that failed, in the order in which they were due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Burst {
    /// The most that failed in a row.
    pub requests: u64,
    /// From the first failure of the longest burst to its last: it lasted at least so long.
    pub at_least: Duration,
    /// From the success before that burst to the success after it: it lasted at most so long.
    pub at_most: Duration,
    /// When the longest one began.
    pub from: Moment,
    before: Moment,
}

impl Burst {
    fn grow(&mut self, exchange: &Exchange, last: Option<Moment>) {
        if self.requests == 0 {
            self.from = exchange.due;
            self.before = last.unwrap_or(exchange.due);
        }
        self.requests += 1;
        self.at_least = exchange.due.since(self.from);
    }

    fn close(&mut self, next: Moment) {
        if self.requests > 0 {
            self.at_most = next.since(self.before);
        }
    }

    fn keep_longer(&mut self, other: &Burst) {
        if other.requests > 0 && (self.requests == 0 || other.at_least > self.at_least) {
            let requests = self.requests.max(other.requests);
            *self = Burst { requests, ..*other };
        } else {
            self.requests = self.requests.max(other.requests);
        }
    }
}

/// How the requests ended that the settling time leaves out, by status or outcome; empty without a settling time.
pub fn settling(view: &View<'_>) -> BTreeMap<String, u64> {
    let mut ended: BTreeMap<String, u64> = BTreeMap::new();
    let phase = view.phase();
    for entry in view.entries_due(Stretch { from: phase.from, to: view.stretch.from.min(phase.to) }) {
        *ended.entry(words(entry.exchange)).or_default() += 1;
    }
    ended
}

/// How an exchange ended, in a word or two: a status, or an outcome.
pub fn words(exchange: &Exchange) -> String {
    match (exchange.status, exchange.outcome) {
        (0, outcome) => outcome.to_string(),
        (status, Outcome::Complete | Outcome::CloseDelimited) => status.to_string(),
        (status, outcome) => format!("{status}, then {outcome}"),
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    /// 100 requests, 10 ms apart, of which those with these numbers fail.
    fn failing(numbers: &'static [usize]) -> Run {
        let run = Run::new().phase("p", 1.0).phase("after", 1.0).backend("a").class("reads", Method::Get);
        run.calls(100, move |n| {
            let status = if numbers.contains(&n) { 500 } else { 200 };
            Call::due("reads", 10.0 * n as f64).attempt(Try::ok("a").status(status))
        })
    }

    #[test]
    fn a_burst_is_measured_from_failure_to_failure_and_from_success_to_success() {
        let burst = failing(&[3, 10, 11, 12, 40, 41]).view("p", "reads", Outcomes::of).burst;
        assert_eq!(burst.requests, 3);
        assert_eq!(burst.at_least, Duration::from_millis(20));
        assert_eq!(burst.at_most, Duration::from_millis(40));
    }

    #[test]
    fn a_burst_may_last_to_the_end() {
        let burst = failing(&[98, 99]).view("p", "reads", Outcomes::of).burst;
        assert_eq!((burst.requests, burst.at_least), (2, Duration::from_millis(10)));
        assert_eq!(failing(&[]).view("p", "reads", Outcomes::of).burst, Burst::default());
    }

    #[test]
    fn what_a_stall_touches_is_set_aside_whether_it_failed_or_not() {
        let run = failing(&[10, 11, 12, 80]).hiccup(95.0, 40.0);
        let outcomes = run.view("p", "reads", Outcomes::of);
        assert_eq!((outcomes.failed, outcomes.set_aside.count(Why::Stalled)), (1, 4));
    }

    #[test]
    fn the_settling_time_is_told_apart_by_how_requests_ended() {
        let run = failing(&[1, 2, 80]).settle(100.0);
        let settling = run.view("p", "reads", settling);
        assert_eq!(settling, BTreeMap::from([("200".into(), 8), ("500".into(), 2)]));
    }
}
