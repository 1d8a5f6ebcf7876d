//! What a gateway does once a client has left: when it lets the backend go, and whether it tries again for nobody.

use std::time::Duration;

use evidence::{Attempt, End, Entry, Planned, Tag};
use policy::RetryOn;
use units::Moment;

use crate::aside::{SetAside, Why};
use crate::brief::Brief;
use crate::lifetimes::blur_at;
use crate::usable::Usable;
use crate::view::{Sight, View, client_left};
use crate::worth::{failure, is_named, is_out_of_time, is_repeated};

/// An attempt that arrives so long after its client left may still have been on its way: one turn of the gateway's event
/// loop, a connection to make, and the hops of one machine.
pub const TRANSIT: Duration = Duration::from_millis(20);

/// What followed on clients that left.
#[derive(Clone, Debug, Default)]
pub struct Cancels {
    /// Clients that left before the gateway was done.
    pub left: u64,
    /// The attempts that were under way when they did.
    pub let_go: Vec<LetGo>,
    /// Requests that would have been tried again, had their client stayed.
    pub further: u64,
    /// Attempts that began after the client had left.
    pub for_nobody: Vec<ForNobody>,
    /// What says nothing of when an attempt was let go.
    pub set_aside: SetAside,
    /// What says nothing of further attempts.
    pub set_aside_further: SetAside,
}

/// An attempt that was under way when its client left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LetGo {
    /// The request.
    pub tag: Tag,
    /// The backend, by its index.
    pub backend: u16,
    /// From the client's leaving to the end of the attempt.
    pub after: Duration,
    /// By how much brownout itself may have made that longer.
    pub blur: Duration,
    /// True if the gateway ended it.
    pub by_gateway: bool,
    /// Until when, after the client's leaving, it would have lasted in a gateway that does not care; `Duration::MAX` if
    /// for ever.
    pub held: Duration,
}

impl LetGo {
    /// True if it certainly lasted longer than `within` after the client had left.
    pub fn is_late(&self, within: Duration) -> bool {
        self.after > within.saturating_add(self.blur)
    }

    /// True if the gateway ended it within that, although it would have lasted longer.
    pub fn is_in_time(&self, within: Duration) -> bool {
        self.by_gateway && self.after <= within && self.held > within.saturating_add(self.blur)
    }
}

/// An attempt that began after its client had left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForNobody {
    /// The request.
    pub tag: Tag,
    /// The backend, by its index.
    pub backend: u16,
    /// From the client's leaving to the arrival of the attempt.
    pub after: Duration,
}

impl Cancels {
    /// Measures it. A stall is told beside each length, so that it is not held against the gateway.
    pub fn of(view: &View<'_>) -> Self {
        let mut cancels = Cancels::default();
        let usable = Usable::of(view);
        let sight = Sight { attempts: false, client: false, disturbance: Duration::MAX, first: false };
        for entry in view.entries().filter(|entry| client_left(entry)) {
            cancels.left += 1;
            match view.why_apart(&entry, sight) {
                Some(why) => {
                    cancels.set_aside.note(why, entry.exchange);
                    cancels.set_aside_further.note(why, entry.exchange);
                }
                None => cancels.take(view, &entry, &usable),
            }
        }
        cancels
    }

    fn take(&mut self, view: &View<'_>, entry: &Entry<'_>, usable: &Usable<'_>) {
        let (exchange, left) = (entry.exchange, entry.exchange.done);
        let under_way = |attempt: &&Attempt| attempt.arrived <= left && attempt.ended > left;
        self.let_go.extend(entry.attempts.iter().filter(under_way).map(|attempt| LetGo {
            tag: exchange.tag,
            backend: attempt.backend,
            after: attempt.ended.since(left),
            blur: blur_at(view, left).max(view.stalls.touching(left, attempt.ended)),
            by_gateway: attempt.was_abandoned() || attempt.end == End::RequestCut,
            held: held_until(view.brief, entry, attempt).since(left),
        }));
        let late = |attempt: &&Attempt| {
            let blur = view.stalls.touching(left, attempt.arrived);
            attempt.arrived > left + TRANSIT.saturating_add(blur)
        };
        let later: Vec<&Attempt> = entry.attempts.iter().filter(late).collect();
        self.for_nobody.extend(later.iter().map(|attempt| ForNobody {
            tag: exchange.tag,
            backend: attempt.backend,
            after: attempt.arrived.since(left),
        }));
        if later.is_empty() && would_be_tried_again(view.brief, entry) {
            if view.may_hide(entry) {
                self.set_aside_further.note(Why::Hidden, exchange);
            } else if view.brief.policy.takes_backends_out() && !usable.any(left, None) {
                self.set_aside_further.note(Why::Unavailable, exchange);
            } else {
                self.further += 1;
            }
        }
    }
}

/// Until when an attempt would have lasted if nobody had left: until its answer, or until a declared timer.
pub(crate) fn held_until(brief: &Brief, entry: &Entry<'_>, attempt: &Attempt) -> Moment {
    let timeout = &brief.policy.timeout;
    // The timer for one attempt ends with the head of its answer.
    let per_try = timeout.per_try.filter(|_| attempt.status == 0).map(|timer| attempt.arrived + *timer);
    let total = timeout.total.map(|timer| entry.exchange.sent + *timer);
    [per_try, total].into_iter().flatten().fold(answer_due(attempt), Moment::min)
}

/// When the answer of an attempt is whole by its plan; [`Moment::NEVER`] if never.
pub(crate) fn answer_due(attempt: &Attempt) -> Moment {
    if attempt.planned == Planned::Hang || attempt.body_done.is_none() {
        return Moment::NEVER;
    }
    attempt.arrived + Duration::from_nanos(attempt.delay.saturating_add(attempt.paced))
}

/// True if the declared policy would have had another attempt made, had the client stayed: the latest one failed, or was
/// going to.
pub(crate) fn would_be_tried_again(brief: &Brief, entry: &Entry<'_>) -> bool {
    let left = entry.exchange.done;
    let made = entry.attempts.iter().take_while(|attempt| attempt.arrived <= left).count();
    let (Some(retry), Some(latest)) = (&brief.policy.retry, entry.attempts[..made].last()) else {
        return false;
    };
    if made >= usize::from(retry.attempts) || !is_repeated(brief, latest.method) {
        return false;
    }
    let (failed, at) = if latest.ended <= left {
        (failure(brief, entry, latest), latest.ended)
    } else {
        going_to_fail(brief, latest)
    };
    failed.is_some_and(|failed| is_named(brief, failed))
        && !is_out_of_time(brief, made, at.since(entry.exchange.sent))
}

/// How an attempt that is under way was going to fail, by its plan, and when.
fn going_to_fail(brief: &Brief, attempt: &Attempt) -> (Option<RetryOn>, Moment) {
    let due = attempt.arrived + Duration::from_nanos(attempt.delay);
    let timer = brief.policy.timeout.per_try.map(|timer| attempt.arrived + *timer);
    match (attempt.planned, timer) {
        (Planned::Hang, Some(timer)) => (Some(RetryOn::Timeout), timer),
        (_, Some(timer)) if due > timer => (Some(RetryOn::Timeout), timer),
        (Planned::Reset | Planned::Close, _) if attempt.status == 0 => (Some(RetryOn::Reset), due),
        _ => (None, due),
    }
}

#[cfg(test)]
mod tests {
    use evidence::{Method, Outcome};
    use policy::{Policy, Retry};
    use units::Timespan;

    use super::*;
    use crate::testing::{Call, Run, Try};

    fn declared(per_try: u64) -> Policy {
        let mut policy = Policy::default();
        policy.timeout.per_try = Some(Timespan::from_millis(per_try));
        policy.retry = Some(Retry::new(2, vec![RetryOn::Timeout, RetryOn::Reset]));
        policy
    }

    fn run() -> Run {
        let run = Run::new().phase("hung", 10.0).backend("a").backend("b").class("reads", Method::Get);
        run.class("writes", Method::Post).fault("hung", "hang", &["a", "b"]).fault("hung", "latency", &["a"])
    }

    /// A client that leaves after 200 ms, and an attempt that lives for so long from 0.2 ms on.
    fn left(class: &str, fault: &str, lives: f64) -> Call {
        let attempt = Try::hit("a", fault).takes(lives);
        Call::due(class, 100.0).attempt(attempt).ends(Outcome::ClientAbort, 200.0)
    }

    fn measured(run: &Run) -> Cancels {
        run.view("hung", "", Cancels::of)
    }

    const WITHIN: Duration = Duration::from_millis(50);

    #[test]
    fn an_attempt_is_let_go_in_time_or_late_by_when_its_client_left() {
        let cancels = measured(&run().call(left("reads", "hang", 201.0)));
        assert_eq!((cancels.left, cancels.let_go[0].after), (1, Duration::from_micros(1_200)));
        assert!(cancels.let_go[0].is_in_time(WITHIN) && !cancels.let_go[0].is_late(WITHIN));
        let cancels = measured(&run().call(left("reads", "hang", 400.0)));
        assert!(!cancels.let_go[0].is_in_time(WITHIN) && cancels.let_go[0].is_late(WITHIN));
    }

    #[test]
    fn what_was_over_soon_anyway_says_nothing() {
        let answered = left("reads", "latency", 220.0);
        let cancels = measured(&run().call(answered));
        assert!(!cancels.let_go[0].is_in_time(WITHIN) && !cancels.let_go[0].is_late(WITHIN));
        // The timer for one attempt fires 20 ms after the client left.
        let cancels = measured(&run().policy(declared(220)).call(left("reads", "hang", 201.0)));
        assert!(!cancels.let_go[0].is_in_time(WITHIN) && !cancels.let_go[0].is_late(WITHIN));
    }

    #[test]
    fn a_stall_explains_what_was_late_by_no_more() {
        let late = measured(&run().call(left("reads", "hang", 270.0)).hiccup(310.0, 40.0)).let_go[0];
        assert!(!late.is_late(WITHIN) && !late.is_in_time(WITHIN));
        let late = measured(&run().call(left("reads", "hang", 400.0)).hiccup(310.0, 40.0)).let_go[0];
        assert!(late.is_late(WITHIN));
    }

    #[test]
    fn only_what_the_policy_tries_again_after_would_have_been() {
        let further =
            |call: Call, per_try: u64| measured(&run().policy(declared(per_try)).call(call)).further;
        assert_eq!(further(left("reads", "hang", 201.0), 400), 1);
        assert_eq!(further(left("writes", "hang", 201.0), 400), 0, "POST is not repeated");
        assert_eq!(further(left("reads", "latency", 230.0), 400), 0, "it was going to be answered");
        let twice = left("reads", "hang", 100.0).attempt(Try::hit("b", "hang").takes(100.0));
        assert_eq!(further(twice, 100), 0, "that was the last one");
        assert_eq!(measured(&run().call(left("reads", "hang", 201.0))).further, 0, "no policy");
    }

    #[test]
    fn an_attempt_begins_for_nobody_only_if_it_comes_later_than_one_that_was_on_its_way() {
        let again = |after: f64| {
            let call = left("reads", "hang", 201.0).attempt(Try::hit("b", "hang").after(after));
            measured(&run().policy(declared(400)).call(call))
        };
        assert_eq!(again(300.0).for_nobody[0].after, Duration::from_micros(301_200));
        assert_eq!((again(5.0).for_nobody.len(), again(5.0).further), (0, 1));
    }
}
