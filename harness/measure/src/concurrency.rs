//! Whether requests were tried again while other further attempts were under way: gateways limit how many may be.

use std::collections::BTreeMap;

use evidence::{Entry, Tag};
use units::Moment;

use crate::aside::SetAside;
use crate::view::{Sight, View};
use crate::worth::{asked_wait, failure, is_named, is_out_of_time, is_repeated};

/// More further attempts at a time than this are counted as so many.
const IN_FLIGHT_MAX: usize = 1_000;

/// Requests of each kind that are kept by their tags.
const KEPT: usize = 5;

/// What followed on failures, by how many further attempts were under way when they happened.
#[derive(Clone, Debug, Default)]
pub struct Concurrency {
    /// By the number of further attempts that were under way.
    pub by_in_flight: BTreeMap<usize, Followed>,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

/// What followed on failures that the declared policy tries again after.
#[derive(Clone, Debug, Default)]
pub struct Followed {
    /// Failures.
    pub failed: u64,
    /// Those after which the request arrived again.
    pub again: u64,
    /// The first few requests that arrived again.
    pub first: Vec<Tag>,
}

impl Concurrency {
    /// Measures it. What is under way is counted over all traffic: the limit is the pool's.
    ///
    /// A further attempt is under way at the gateway before it arrives and after it ends, so that at least as many are
    /// under way there as are seen here.
    pub fn of(view: &View<'_>) -> Self {
        let mut measured = Concurrency::default();
        let in_flight = InFlight::of(view);
        let sight = Sight { client: false, ..Sight::COUNTS };
        for entry in view.entries().filter(|entry| !entry.attempts.is_empty()) {
            match view.why_apart(&entry, sight) {
                Some(why) => measured.set_aside.note(why, entry.exchange),
                None => measured.take(view, &entry, &in_flight),
            }
        }
        measured
    }

    /// Failures at which at least so many further attempts were under way, and how many of them were tried again.
    pub fn at_least(&self, in_flight: usize) -> Followed {
        let mut all = Followed::default();
        for followed in self.by_in_flight.range(in_flight..).map(|(_, followed)| followed) {
            all.failed += followed.failed;
            all.again += followed.again;
            all.first.extend(followed.first.iter().take(KEPT - all.first.len().min(KEPT)));
        }
        all
    }

    fn take(&mut self, view: &View<'_>, entry: &Entry<'_>, in_flight: &InFlight) {
        for (index, attempt) in entry.attempts.iter().enumerate() {
            let failed = failure(view.brief, entry, attempt).filter(|failed| is_named(view.brief, *failed));
            let after = attempt.ended.since(entry.exchange.sent);
            let after = after.saturating_add(asked_wait(view.brief, attempt));
            let next = entry.attempts.get(index + 1);
            let excused =
                !is_repeated(view.brief, attempt.method) || is_out_of_time(view.brief, index + 1, after);
            // After the last one that the policy allows nothing follows, whatever is under way; without a policy only a
            // first attempt is known not to be the last.
            let attempts = view.brief.policy.retry.as_ref().map_or(2, |retry| usize::from(retry.attempts));
            let spent = index + 1 >= attempts;
            if failed.is_none() || (next.is_none() && (excused || spent)) {
                continue;
            }
            // One that follows counts from its own arrival: others may have ended while it waited.
            let at = next.map_or(attempt.ended, |next| next.arrived);
            let others = in_flight.at(at) - usize::from(next.is_some_and(|next| next.ended > at));
            let followed = self.by_in_flight.entry(others).or_default();
            followed.failed += 1;
            if next.is_some() {
                followed.again += 1;
                if followed.first.len() < KEPT {
                    followed.first.push(entry.exchange.tag);
                }
            }
        }
    }
}

/// How many further attempts were under way, moment by moment.
struct InFlight(Vec<(Moment, usize)>);

impl InFlight {
    fn of(view: &View<'_>) -> Self {
        let mut changes: Vec<(Moment, isize)> = Vec::new();
        for entry in view.ledger.entries() {
            for further in entry.attempts.iter().skip(1).filter(|further| further.ended > further.arrived) {
                changes.push((further.arrived, 1));
                changes.push((further.ended, -1));
            }
        }
        changes.sort_unstable();
        let mut count = 0isize;
        let steps = changes.into_iter().map(|(at, change)| {
            count += change;
            (at, usize::try_from(count).unwrap_or(0).min(IN_FLIGHT_MAX))
        });
        InFlight(steps.collect())
    }

    /// How many were under way just after a moment.
    fn at(&self, moment: Moment) -> usize {
        let next = self.0.partition_point(|(at, _)| *at <= moment);
        next.checked_sub(1).map_or(0, |last| self.0[last].1)
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    /// Requests that fail at once, 1 ms apart; the further attempt of each lasts 20 ms, but only `limit` at a time.
    fn limited(limit: usize) -> Run {
        let run = Run::new().phase("outage", 10.0).backend("a").class("reads", Method::Get);
        run.fault("outage", "status", &["a"]).calls(100, move |n| {
            let call = Call::due("reads", 5.0 * (n / 10 * 10) as f64 + (n % 10) as f64);
            let call = call.attempt(Try::hit("a", "status"));
            if n % 10 < limit { call.attempt(Try::hit("a", "status").takes(20.0)) } else { call }
        })
    }

    #[test]
    fn a_limit_shows_in_what_followed_while_so_many_were_under_way() {
        limited(3).view("outage", "", |view| {
            let measured = Concurrency::of(view);
            assert_eq!(measured.at_least(3).again, 0);
            assert!(measured.at_least(3).failed >= 70, "{measured:?}");
            assert_eq!(measured.by_in_flight[&2].again, 10);
        });
        limited(10).view("outage", "", |view| assert!(Concurrency::of(view).at_least(3).again > 50));
    }
}
