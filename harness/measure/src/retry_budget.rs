//! How many further attempts are under way at a time, against a share of the requests that are: what is above a budget, and what is
//! left untried although the budget is free.

use std::time::Duration;

use evidence::{Attempt, Entry, Tag};
use policy::RetryBudget;
use units::Moment;

use crate::aside::SetAside;
use crate::lifetimes::PASSED_ON;
use crate::usable::Usable;
use crate::view::{Sight, View};
use crate::worth::{asked_wait, failure, is_named, is_out_of_time, is_repeated};

/// Requests of each kind that are kept.
const KEPT: usize = 5;

/// What became of failures under a budget.
#[derive(Clone, Debug, Default)]
pub struct Budgeted {
    /// Further attempts.
    pub further: u64,
    /// The most that were certainly under way at a time, and as many as the budget allowed then at the most.
    pub most: Option<(u64, u64)>,
    /// Further attempts that arrived while more were under way than the budget can have allowed.
    pub above: u64,
    /// The first few of them, each with how many were under way and how many may have been.
    pub first_above: Vec<(Tag, u64, u64)>,
    /// Requests that the policy tries again and that were not: a gateway without a budget would have.
    pub withheld: u64,
    /// Failures that came while fewer further attempts can have been under way than the budget allowed then.
    pub free: u64,
    /// Those of them that were not tried again.
    pub stingy: Vec<Tag>,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

/// A further attempt: from when on it may have been counted, from when to when it certainly was, and until when it may have been.
struct Further {
    tag: Tag,
    decided: Moment,
    arrived: Moment,
    certainly: Moment,
    possibly: Moment,
}

impl Budgeted {
    /// Measures it. What is under way is counted over all traffic: the budget is the pool's.
    pub fn of(view: &View<'_>, budget: &RetryBudget) -> Self {
        let mut measured = Budgeted::default();
        let mut further: Vec<Further> =
            view.ledger.entries().flat_map(|entry| further_of(view, &entry)).collect();
        further.sort_by_key(|one| one.arrived);
        let requests = Requests::of(view);
        measured.count_above(view, budget, &further, &requests);
        let (counted, attempts) = (Counted::of(&further), Attempts::of(view));
        let usable = view.brief.policy.takes_backends_out().then(|| Usable::of(view));
        let sight = Sight { client: true, ..Sight::COUNTS };
        for entry in view.entries().filter(|entry| !entry.attempts.is_empty()) {
            match view.why_apart(&entry, sight) {
                Some(why) => measured.set_aside.note(why, entry.exchange),
                None => measured.take(view, budget, &entry, (&counted, &attempts), usable.as_ref()),
            }
        }
        measured
    }

    fn count_above(
        &mut self,
        view: &View<'_>,
        budget: &RetryBudget,
        further: &[Further],
        requests: &Requests,
    ) {
        let mut under_way: Vec<&Further> = Vec::new();
        for one in further {
            under_way.retain(|other| other.certainly > one.arrived);
            if one.certainly > one.arrived {
                under_way.push(one);
            }
            if !view.stretch.contains(one.arrived) {
                continue;
            }
            self.further += 1;
            // The last of them to be let through was so while the others were counted already.
            let since = under_way.iter().map(|one| one.decided).min().unwrap_or(one.decided);
            let blur = view.stalls.touching(since, one.arrived);
            let active = requests.at_most(since - blur, one.arrived);
            let may = u64::from(budget.min).max((budget.share.get() * active as f64).ceil() as u64);
            let count = under_way.len() as u64;
            if self.most.is_none_or(|(most, _)| count > most) {
                self.most = Some((count, may));
            }
            if count > may {
                self.above += 1;
                if self.first_above.len() < KEPT {
                    self.first_above.push((one.tag, count, may));
                }
            }
        }
    }

    fn take(
        &mut self,
        view: &View<'_>,
        budget: &RetryBudget,
        entry: &Entry<'_>,
        (counted, attempts): (&Counted, &Attempts),
        usable: Option<&Usable<'_>>,
    ) {
        for (index, attempt) in entry.attempts.iter().enumerate() {
            let next = entry.attempts.get(index + 1);
            if !is_worth_it(view, entry, index, attempt, usable) {
                continue;
            }
            self.withheld += u64::from(next.is_none());
            // The gateway decides once the attempt has ended for it.
            let blur = PASSED_ON + view.stalls.touching(attempt.ended - PASSED_ON, attempt.ended + PASSED_ON);
            let (from, to) = (attempt.ended - pace(attempt) - blur, attempt.ended + blur);
            let allowed = (budget.share.get() * attempts.at_least(from, to) as f64).floor() as u64;
            let allowed = allowed.max(u64::from(budget.min));
            if counted.others(from, to, further_of(view, entry)) < allowed {
                self.free += 1;
                if next.is_none() {
                    self.stingy.push(attempt.tag);
                }
            }
        }
    }
}

/// True if the declared policy tries again after an attempt, and can.
fn is_worth_it(
    view: &View<'_>,
    entry: &Entry<'_>,
    index: usize,
    attempt: &Attempt,
    usable: Option<&Usable<'_>>,
) -> bool {
    let brief = view.brief;
    let attempts = brief.policy.retry.as_ref().map_or(2, |retry| usize::from(retry.attempts));
    let after = attempt.ended.since(entry.exchange.sent).saturating_add(asked_wait(brief, attempt));
    index + 1 < attempts
        && failure(brief, entry, attempt).is_some_and(|failed| is_named(brief, failed))
        && is_repeated(brief, attempt.method)
        && !is_out_of_time(brief, index + 1, after)
        && usable.is_none_or(|usable| {
            [attempt.ended, entry.exchange.done].iter().all(|moment| usable.any(*moment, None))
        })
}

fn further_of<'v>(view: &'v View<'_>, entry: &Entry<'v>) -> impl Iterator<Item = Further> + use<'v> {
    let done = entry.exchange.done;
    let pairs = entry.attempts.iter().zip(entry.attempts.iter().skip(1));
    pairs.map(move |(before, one)| {
        // Of what the gateway itself ended, the backend learns later, and it decided before that.
        let early = PASSED_ON + view.stalls.touching(before.ended - PASSED_ON, before.ended);
        let late = if one.was_abandoned() { PASSED_ON } else { Duration::ZERO };
        Further {
            tag: one.tag,
            decided: before.ended - pace(before) - early,
            arrived: one.arrived,
            certainly: one.ended - late - pace(one),
            possibly: one.ended.max(done) + PASSED_ON,
        }
    })
}

/// How long the answer took to be sent: its head was there before.
fn pace(attempt: &Attempt) -> Duration {
    Duration::from_nanos(attempt.paced)
}

/// When further attempts may have been counted by the gateway.
struct Counted {
    decided: Vec<Moment>,
    possibly: Vec<Moment>,
}

impl Counted {
    fn of(further: &[Further]) -> Self {
        let mut decided: Vec<Moment> = further.iter().map(|one| one.decided).collect();
        let mut possibly: Vec<Moment> = further.iter().map(|one| one.possibly).collect();
        decided.sort_unstable();
        possibly.sort_unstable();
        Counted { decided, possibly }
    }

    /// How many may have been counted at some time between two moments, beside a request's own.
    fn others(&self, from: Moment, to: Moment, own: impl Iterator<Item = Further>) -> u64 {
        let begun = self.decided.partition_point(|at| *at <= to);
        let over = self.possibly.partition_point(|at| *at < from);
        let own = own.filter(|one| one.decided <= to && one.possibly >= from).count();
        begun.saturating_sub(over + own) as u64
    }
}

/// When attempts were under way at backends, which is a part of the time that their requests were so at the gateway.
struct Attempts {
    arrived: Vec<Moment>,
    ended: Vec<Moment>,
}

impl Attempts {
    fn of(view: &View<'_>) -> Self {
        let all = || view.ledger.entries().flat_map(|entry| entry.attempts.iter());
        let mut arrived: Vec<Moment> = all().map(|attempt| attempt.arrived).collect();
        let mut ended: Vec<Moment> = all().map(|attempt| attempt.ended).collect();
        arrived.sort_unstable();
        ended.sort_unstable();
        Attempts { arrived, ended }
    }

    /// As many were under way from one moment to another, each all of the time.
    fn at_least(&self, from: Moment, to: Moment) -> u64 {
        let begun = self.arrived.partition_point(|at| *at <= from);
        begun.saturating_sub(self.ended.partition_point(|at| *at <= to)) as u64
    }
}

/// The requests that were under way.
struct Requests {
    sent: Vec<Moment>,
    done: Vec<Moment>,
}

impl Requests {
    fn of(view: &View<'_>) -> Self {
        let all = || view.ledger.entries().filter(|entry| entry.exchange.was_sent());
        let mut sent: Vec<Moment> = all().map(|entry| entry.exchange.sent).collect();
        let mut done: Vec<Moment> = all().map(|entry| entry.exchange.done + PASSED_ON).collect();
        sent.sort_unstable();
        done.sort_unstable();
        Requests { sent, done }
    }

    /// As many were under way at any time between two moments, at the most.
    fn at_most(&self, from: Moment, to: Moment) -> u64 {
        let at = |moment: Moment| {
            let sent = self.sent.partition_point(|at| *at <= moment);
            sent.saturating_sub(self.done.partition_point(|at| *at < moment)) as u64
        };
        // It only grows when one is sent.
        let first = self.sent.partition_point(|at| *at <= from);
        // Rows that were edited may end before they begin.
        let last = self.sent.partition_point(|at| *at <= to).max(first);
        self.sent[first..last].iter().map(|moment| at(*moment)).fold(at(from), u64::max)
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;
    use policy::{Policy, Retry, RetryOn};
    use units::Share;

    use super::*;
    use crate::testing::{Call, Run, Try};

    const BUDGET: RetryBudget = RetryBudget { share: Share::ALL, min: 3 };

    fn budget(share: f64) -> RetryBudget {
        RetryBudget { share: Share::new(share).unwrap(), ..BUDGET }
    }

    /// Rounds of ten requests that fail after 20 ms; `again` of each are tried once more, for 50 ms.
    fn rounds(again: usize) -> Run {
        let run = Run::new().phase("outage", 20.0).backend("a").class("reads", Method::Get);
        let retry = Some(Retry::new(2, vec![RetryOn::Status(503)]));
        let run = run.policy(Policy { retry, ..Policy::default() }).fault("outage", "status", &["a"]);
        run.calls(1_000, move |n| {
            let call = Call::due("reads", 200.0 * (n / 10) as f64 + (n % 10) as f64);
            let call = call.attempt(Try::hit("a", "status").takes(20.0));
            if n % 10 < again { call.attempt(Try::hit("a", "status").takes(50.0)) } else { call }
        })
    }

    #[test]
    fn what_is_above_the_budget_is_counted_and_what_it_withheld_too() {
        rounds(3).view("outage", "", |view| {
            let measured = Budgeted::of(view, &budget(0.2));
            assert_eq!((measured.above, measured.withheld, measured.most), (0, 700, Some((3, 3))));
        });
        rounds(4).view("outage", "", |view| {
            assert_eq!(Budgeted::of(view, &budget(0.2)).above, 100);
            assert_eq!(Budgeted::of(view, &budget(0.5)).above, 0);
        });
    }

    #[test]
    fn what_is_not_tried_again_though_the_budget_is_free_is_stingy() {
        rounds(0).view("outage", "", |view| {
            let measured = Budgeted::of(view, &budget(0.2));
            assert_eq!((measured.free, measured.stingy.len()), (1_000, 1_000));
        });
        rounds(3).view("outage", "", |view| assert_eq!(Budgeted::of(view, &budget(0.2)).stingy.len(), 0));
    }

    #[test]
    fn a_share_is_free_as_far_as_attempts_are_certainly_under_way() {
        // Beside each round, ten are under way all of the time: of a half of them, five may be tried again, and three are.
        let long = |n| Call::due("reads", 200.0 * (n / 10) as f64).attempt(Try::ok("a").takes(190.0));
        let crowd = || rounds(3).calls(1_000, long);
        crowd().view("outage", "", |view| {
            let share = |share| RetryBudget { share: Share::new(share).unwrap(), min: 0 };
            assert!(Budgeted::of(view, &share(0.6)).stingy.len() > 500);
            assert_eq!(Budgeted::of(view, &share(0.2)).stingy.len(), 0);
        });
    }
}
