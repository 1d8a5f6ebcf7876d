//! How many attempts are under way at a time, and what becomes of requests that come while as many are as may be: whether they
//! are turned away too early, how long they wait, how many wait at a time, and which classes they are of.

mod queue;

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::{Attempt, End, Entry, Outcome, Tag};
use policy::{Limit, Scope};
use units::Moment;

use crate::aside::SetAside;
use crate::lifetimes::PASSED_ON;
use crate::usable::Usable;
use crate::view::{Sight, View};

/// All turns must be taken for so long after a request was sent for it to have met a full gateway.
const DECIDED: Duration = Duration::from_millis(1);

/// A request waits only once it is on its way for so long: longer than any that is passed on, or turned away, at once.
pub const WAITS: Duration = Duration::from_millis(10);

/// Requests of each kind that are kept.
const KEPT: usize = 5;

/// What became of the requests of a phase under a limit.
#[derive(Clone, Debug, Default)]
pub struct Limited {
    /// Requests that came while all turns were taken.
    pub cases: u64,
    /// The most attempts that were under way at a time, and where: at a backend, or at all of them.
    pub peak: (u64, Option<u16>),
    /// How many attempts arrived above the limit.
    pub above: u64,
    /// The first few of them, with how many were under way then.
    pub first_above: Vec<(Tag, u64)>,
    /// Requests that reached no backend.
    pub turned_away: u64,
    /// Those of them that came while it is plain that no more than the limit were under way.
    pub sharp: u64,
    /// Those of these that came while fewer were, with how many.
    pub early: Vec<(Tag, u64)>,
    /// How long requests waited that came while all turns were taken.
    pub waits: Vec<Wait>,
    /// The most that certainly waited at a time, and the first few of them.
    pub waiting: (u64, Vec<Tag>),
    /// Requests that were turned away at once while it is plain that fewer waited than one and a half times as many as may.
    pub at_once: u64,
    /// Those of them that were so while fewer waited than may, with how many.
    pub not_queued: Vec<(Tag, u64)>,
    /// What became of each class, by its index.
    pub classes: BTreeMap<u16, OfClass>,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

/// How long a request waited for its first arrival at a backend, or until it was turned away.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// The request.
    pub tag: Tag,
    /// How long.
    pub length: Duration,
    /// By how much brownout itself may have made that longer.
    pub disturbance: Duration,
    /// Whether it reached a backend at last.
    pub served: bool,
    /// Whether it was turned away, and for no breaker.
    pub turned_away: bool,
}

/// The requests of a class.
#[derive(Clone, Debug, Default)]
pub struct OfClass {
    /// All of them.
    pub requests: u64,
    /// Those that reached a backend.
    pub served: u64,
    /// The first few that did not.
    pub first: Vec<Tag>,
}

impl Limited {
    /// Measures it against a limit. What is under way, waits, and is shared out is counted over all traffic; the requests that
    /// are looked at are those of the view.
    pub fn of(view: &View<'_>, limit: &Limit) -> Self {
        let mut measured = Limited::default();
        let turns = Turns::of(view, limit);
        turns.count_above(view, &mut measured);
        let queue = queue::Queue::of(view);
        measured.waiting = queue.most();
        let usable = Usable::of(view);
        let sight = Sight { client: false, ..Sight::COUNTS };
        for entry in view.with_traffic(None).entries().filter(|entry| entry.exchange.was_sent()) {
            let looked_at = view.takes(entry.exchange.class);
            if let Some(why) = view.why_apart(&entry, sight) {
                if looked_at {
                    measured.set_aside.note(why, entry.exchange);
                }
                continue;
            }
            measured.share_out(&entry);
            if !looked_at {
                continue;
            }
            let turned_away = is_turned_away(view, &entry);
            // A breaker or a health check may have done it instead.
            let by_limit = turned_away && is_usable(view, &entry, &usable);
            if turns.are_taken(entry.exchange.sent) {
                measured.cases += 1;
                measured.waits.push(wait(view, &entry, by_limit));
            }
            measured.turned_away += u64::from(turned_away);
            if by_limit {
                measured.look_for_room(view, &entry, &turns);
                measured.look_at_the_queue(view, &entry, &queue, limit.queue);
            }
        }
        measured
    }

    fn share_out(&mut self, entry: &Entry<'_>) {
        let class = self.classes.entry(entry.exchange.class).or_default();
        class.requests += 1;
        if entry.attempts.is_empty() {
            keep(&mut class.first, entry.exchange.tag);
        } else {
            class.served += 1;
        }
    }

    fn look_for_room(&mut self, view: &View<'_>, entry: &Entry<'_>, turns: &Turns) {
        let exchange = entry.exchange;
        let blur = PASSED_ON + view.stalls.touching(exchange.sent - PASSED_ON, exchange.done + PASSED_ON);
        let under_way = turns.at_most(exchange.sent - blur, exchange.done + blur);
        let Some(under_way) = under_way.filter(|count| *count <= turns.limit) else { return };
        self.sharp += 1;
        if under_way < turns.limit {
            self.early.push((exchange.tag, under_way));
        }
    }

    fn look_at_the_queue(
        &mut self,
        view: &View<'_>,
        entry: &Entry<'_>,
        queue: &queue::Queue,
        most: Option<u32>,
    ) {
        let exchange = entry.exchange;
        let Some(most) = most.filter(|_| exchange.done.since(exchange.sent) <= WAITS) else { return };
        let blur = PASSED_ON + view.stalls.touching(exchange.sent - PASSED_ON, exchange.done + PASSED_ON);
        let waited = queue.at_most_beside(exchange.sent - blur, exchange.done + blur);
        let most = u64::from(most);
        // A queue of half the length would show.
        if 2 * waited < 3 * most {
            self.at_once += 1;
            if waited < most {
                self.not_queued.push((exchange.tag, waited));
            }
        }
    }
}

fn keep<T>(kept: &mut Vec<T>, one: T) {
    if kept.len() < KEPT {
        kept.push(one);
    }
}

/// A gateway answers some requests itself for what they are; a limit shows in statuses of overload, or in the declared one.
fn is_turned_away(view: &View<'_>, entry: &Entry<'_>) -> bool {
    let exchange = entry.exchange;
    let declared = view.brief.policy.limit.as_ref().and_then(|limit| limit.status);
    let of_overload = exchange.status == 429 || exchange.status >= 500 || Some(exchange.status) == declared;
    entry.attempts.is_empty()
        && of_overload
        && !exchange.answered_by_backend()
        && exchange.outcome == Outcome::Complete
}

/// True unless a breaker or a health check can have kept a request from every backend when it came or when it ended.
fn is_usable(view: &View<'_>, entry: &Entry<'_>, usable: &Usable<'_>) -> bool {
    let exchange = entry.exchange;
    !view.brief.policy.takes_backends_out()
        || [exchange.sent, exchange.done].into_iter().all(|moment| usable.any(moment, None))
}

fn wait(view: &View<'_>, entry: &Entry<'_>, turned_away: bool) -> Wait {
    let exchange = entry.exchange;
    let first = entry.attempts.first().map(|first| first.arrived);
    let until = first.unwrap_or(exchange.done);
    Wait {
        tag: exchange.tag,
        length: until.since(exchange.sent),
        disturbance: view.disturbance(entry),
        served: first.is_some(),
        turned_away,
    }
}

/// Up to when an attempt was certainly under way at the gateway. Of what the gateway itself ended, the backend learns later.
fn certainly_until(view: &View<'_>, attempt: &Attempt) -> Moment {
    let by_gateway = attempt.was_abandoned()
        || matches!(attempt.end, End::RequestCut | End::Malformed | End::OpenAtEnd | End::Spoiled);
    if by_gateway {
        attempt.ended - PASSED_ON - view.stalls.touching(attempt.ended - PASSED_ON, attempt.ended)
    } else {
        attempt.ended
    }
}

/// What a limit is counted for: each backend, or all of them together.
struct Turns {
    limit: u64,
    /// How many were certainly under way, from each moment on; and whose they are.
    certain: Vec<(Option<u16>, Steps)>,
    /// When attempts may have begun at the gateway, and when they may have been over there.
    possible: Vec<(Vec<Moment>, Vec<Moment>)>,
}

impl Turns {
    fn of(view: &View<'_>, limit: &Limit) -> Self {
        let backends = &view.brief.backends;
        let first = backends.iter().map(|backend| backend.priority).min();
        let of_first =
            |index: &usize| Some(backends[*index].priority) == first && backends[*index].weight > 0;
        let pools: Vec<Option<u16>> = match limit.scope {
            Scope::Pool => vec![None],
            Scope::Backend => (0..backends.len()).filter(of_first).map(|index| Some(index as u16)).collect(),
        };
        let mut turns =
            Turns { limit: u64::from(limit.in_flight), certain: Vec::new(), possible: Vec::new() };
        for pool in pools {
            let mut changes: Vec<(Moment, i64, Option<Tag>)> = Vec::new();
            let (mut begun, mut over) = (Vec::new(), Vec::new());
            for entry in view.ledger.entries() {
                let here = |attempt: &&Attempt| pool.is_none_or(|pool| attempt.backend == pool);
                for attempt in entry.attempts.iter().filter(here) {
                    let until = certainly_until(view, attempt);
                    if until > attempt.arrived {
                        changes.extend([(attempt.arrived, 1, Some(attempt.tag)), (until, -1, None)]);
                    }
                    begun.push(attempt.arrived);
                    over.push(attempt.ended.max(entry.exchange.done));
                }
            }
            turns.certain.push((pool, steps(changes)));
            begun.sort_unstable();
            over.sort_unstable();
            turns.possible.push((begun, over));
        }
        turns
    }

    fn count_above(&self, view: &View<'_>, measured: &mut Limited) {
        for (pool, steps) in &self.certain {
            let here = steps.iter().filter(|(at, _, tag)| view.stretch.contains(*at) && tag.is_some());
            for (_, count, tag) in here {
                if *count > measured.peak.0 {
                    measured.peak = (*count, *pool);
                }
                if let Some(tag) = tag.filter(|_| *count > self.limit) {
                    measured.above += 1;
                    keep(&mut measured.first_above, (tag, *count));
                }
            }
        }
    }

    /// True if all turns are certainly taken from `sent` on until a gateway has decided.
    fn are_taken(&self, sent: Moment) -> bool {
        let is_full = |(_, steps): &(_, Steps)| {
            let from = steps.partition_point(|(at, ..)| *at <= sent);
            let to = steps.partition_point(|(at, ..)| *at <= sent + DECIDED);
            from > 0 && steps[from - 1..to].iter().all(|(_, count, _)| *count >= self.limit)
        };
        !self.certain.is_empty() && self.certain.iter().all(is_full)
    }

    /// The most that can have been under way at any time between two moments, where that is least.
    fn at_most(&self, from: Moment, to: Moment) -> Option<u64> {
        let overlapping = self.possible.iter().map(|(begun, over)| {
            let begun = begun.partition_point(|at| *at <= to);
            let over = over.partition_point(|at| *at < from);
            begun.saturating_sub(over) as u64
        });
        overlapping.min()
    }
}

/// How many there are from each moment on, and who came then.
type Steps = Vec<(Moment, u64, Option<Tag>)>;

/// The steps that changes make. Of what happens at the same moment, ends come first.
fn steps(mut changes: Vec<(Moment, i64, Option<Tag>)>) -> Steps {
    changes.sort_unstable_by_key(|(at, change, tag)| (*at, *change, *tag));
    let mut count = 0i64;
    let steps = changes.into_iter().map(|(at, change, tag)| {
        count += change;
        (at, u64::try_from(count).unwrap_or(0), tag)
    });
    steps.collect()
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    /// 100 ms a request, one each 10 ms: ten under way, and the others are turned away.
    fn full(in_flight: usize) -> Run {
        let run = Run::new().phase("overload", 10.0).backend("a").class("reads", Method::Get);
        run.calls(900, move |n| {
            let call = Call::due("reads", 10.0 * n as f64 + 0.5);
            let goes_in = n % 12 < in_flight;
            if goes_in { call.attempt(Try::ok("a").takes(119.0)) } else { call.rejected(503, 0.5) }
        })
    }

    #[test]
    fn what_is_under_way_is_counted_and_so_is_what_comes_meanwhile() {
        full(6).view("overload", "", |view| {
            let measured = Limited::of(view, &Limit::new(6));
            assert_eq!((measured.peak, measured.above), ((6, Some(0)), 0));
            assert!(measured.cases > 300 && measured.early.is_empty(), "{measured:?}");
            assert!(measured.sharp > 300, "{measured:?}");
        });
        full(7).view("overload", "", |view| assert!(Limited::of(view, &Limit::new(6)).above > 50));
    }

    #[test]
    fn who_is_turned_away_while_there_is_room_is_early() {
        full(5).view("overload", "", |view| {
            let measured = Limited::of(view, &Limit::new(6));
            assert!(measured.early.len() > 300 && measured.cases == 0, "{measured:?}");
        });
    }

    #[test]
    fn what_the_gateway_answers_for_what_a_request_is_was_not_turned_away() {
        let run = full(6).calls(50, |n| Call::due("reads", 9_100.0 + 10.0 * n as f64).rejected(404, 0.5));
        run.view("overload", "", |view| {
            let measured = Limited::of(view, &Limit::new(6));
            assert!(measured.early.is_empty(), "{measured:?}");
        });
    }

    #[test]
    fn what_the_gateway_gave_up_just_before_another_came_is_not_under_way() {
        let run = Run::new().phase("overload", 10.0).backend("a").class("reads", Method::Get);
        let run = run.calls(50, |n| {
            let given_up = Try::ok("a").takes(101.0).ends(End::AbandonedFin);
            Call::due("reads", 100.0 * n as f64).attempt(given_up)
        });
        run.view("overload", "", |view| assert_eq!(Limited::of(view, &Limit::new(1)).above, 0));
    }

    #[test]
    fn who_waits_is_counted_from_when_it_cannot_still_be_on_its_way() {
        let run =
            full(6).calls(20, |n| Call::due("reads", 5_000.0 + n as f64).attempt(Try::ok("a").after(300.0)));
        run.view("overload", "", |view| {
            let measured = Limited::of(view, &Limit::new(6));
            assert_eq!(measured.waiting.0, 20);
            assert!(measured.waits.iter().any(|wait| wait.length.as_millis() == 300), "{measured:?}");
        });
    }
}
