//! Whether a stall of brownout itself can have changed what became of a request, and not only when it did.

use std::time::Duration;

use evidence::{Attempt, Entry, Outcome};
use units::{Moment, Timespan};

use crate::brief::{Brief, FaultDoes};
use crate::stalls::Stalls;

/// A stall changes what happens by a timer that fires because of it. A timer of which not even this part went by had
/// no part in it.
const FAR_FROM_IT: u32 = 2;

/// True if no timer that the policy declares can have fired, or failed to, because of a stall: the client got a whole answer,
/// each answer of a backend came long before the shortest timer was over, and every other attempt was one that a fault
/// never lets have an answer. False without declared timers: nobody knows then how near one was.
///
/// A gateway that gives up sooner than it declares is not excused by a stall: what it declares would have borne it.
pub(crate) fn is_unhurried(brief: &Brief, stalls: &Stalls, entry: &Entry<'_>) -> bool {
    let exchange = entry.exchange;
    let Some(shortest) = shortest_timer(brief) else { return false };
    let far = |from: Moment, to: Moment| to.since(from).saturating_mul(FAR_FROM_IT) <= shortest;
    let in_time = brief.policy.timeout.total.is_none_or(|total| {
        let stalled = stalls.touching(exchange.sent, exchange.done);
        exchange.service_time().saturating_add(stalled.saturating_mul(FAR_FROM_IT)) <= *total
    });
    if !matches!(exchange.outcome, Outcome::Complete | Outcome::CloseDelimited)
        || entry.attempts.is_empty()
        || !in_time
    {
        return false;
    }
    let mut from = exchange.sent;
    let attempts_are = entry.attempts.iter().all(|attempt| {
        let begun = std::mem::replace(&mut from, attempt.replied.unwrap_or(attempt.ended));
        never_answers(brief, attempt) || (!attempt.was_abandoned() && far(begun, from))
    });
    attempts_are && far(from, exchange.done)
}

fn shortest_timer(brief: &Brief) -> Option<Duration> {
    let timeout = &brief.policy.timeout;
    [timeout.connect, timeout.per_try, timeout.total]
        .into_iter()
        .flatten()
        .min()
        .map(|timer: Timespan| *timer)
}

/// True if a fault met the attempt that never lets it have an answer: whatever ended it, it was no stall.
fn never_answers(brief: &Brief, attempt: &Attempt) -> bool {
    let met = |index: usize| index < 64 && attempt.injections & (1 << index) != 0;
    brief.injections.iter().enumerate().any(|(index, injection)| {
        met(index) && injection.outline.is_some_and(|outline| outline.does == FaultDoes::Hangs)
    })
}

#[cfg(test)]
mod tests {
    use evidence::{End, Method};
    use rstest::rstest;

    use super::*;
    use crate::testing::{Call, Run, Try};
    use crate::view::Sight;

    fn apart(call: Call, per_try: Option<u64>) -> bool {
        let mut policy = policy::Policy::default();
        policy.timeout.per_try = per_try.map(Timespan::from_millis);
        let run = Run::new().phase("p", 10.0).backend("a").backend("b").class("reads", Method::Get);
        let run = run.fault("p", "hang", &["a"]).policy(policy).call(call).hiccup(100.0, 30.0);
        run.view("p", "reads", |view| {
            let entry = view.entries().next().unwrap();
            view.why_apart(&entry, Sight::COUNTS).is_some()
        })
    }

    #[rstest]
    #[case::far_from_the_timer(40.0, Some(300), false)]
    #[case::near_the_timer(200.0, Some(300), true)]
    #[case::with_a_short_timer(40.0, Some(50), true)]
    #[case::without_a_declared_timer(40.0, None, true)]
    fn an_answer_that_a_stall_touches_is_set_aside_where_a_timer_was_near(
        #[case] takes: f64,
        #[case] per_try: Option<u64>,
        #[case] expected: bool,
    ) {
        let call = Call::due("reads", 95.0).attempt(Try::ok("a").takes(takes));
        assert_eq!(apart(call, per_try), expected);
    }

    #[test]
    fn an_attempt_that_is_never_answered_is_given_up_with_a_stall_or_without() {
        let hung = |fault: Try| Call::due("reads", 0.0).attempt(fault.takes(300.0)).attempt(Try::ok("b"));
        assert!(!apart(hung(Try::hit("a", "hang")), Some(300)));
        assert!(
            apart(hung(Try::ok("a").ends(End::AbandonedRst)), Some(300)),
            "the stall may have kept its answer"
        );
    }

    #[test]
    fn a_gateway_that_answers_for_itself_may_have_run_into_a_timer() {
        assert!(apart(Call::due("reads", 95.0).rejected(504, 40.0), Some(300)));
    }
}
