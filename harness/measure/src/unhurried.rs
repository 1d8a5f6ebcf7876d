//! Whether a stall of brownout itself can have changed what became of a request, and not only when it did.

use std::time::Duration;

use evidence::{Attempt, Entry, Outcome};

use crate::brief::{Brief, FaultDoes};
use crate::stalls::Stalls;

/// Stalls may fall on both sides of an observation: one makes it look longer, another one made it longer.
const BOTH_SIDES: u32 = 2;

/// True if no timer that the policy declares can have fired, or failed to, because of a stall: the client got a whole answer,
/// and each attempt was answered so long before its timer that all the stalls would not have mattered, or was one whose
/// answer was never due by then. False without declared timers: nobody knows then how near one was.
///
/// A gateway that gives up sooner than it declares is not excused by a stall: what it declares would have borne it.
pub(crate) fn is_unhurried(brief: &Brief, stalls: &Stalls, entry: &Entry<'_>) -> bool {
    let (exchange, timeout) = (entry.exchange, &brief.policy.timeout);
    let Some(shortest) = [timeout.per_try, timeout.total].into_iter().flatten().min() else { return false };
    let stalled =
        stalls.touching(exchange.sent, exchange.done).max(exchange.lag()).saturating_mul(BOTH_SIDES);
    let whole = matches!(exchange.outcome, Outcome::Complete | Outcome::CloseDelimited);
    whole
        && timeout.connect.is_none_or(|connect| stalled < *connect)
        && is_far_from_total(brief, entry, stalled)
        && !entry.attempts.is_empty()
        && entry.attempts.iter().all(|attempt| {
            let ran = attempt.replied.unwrap_or(attempt.ended).since(attempt.arrived);
            let answered = !attempt.was_abandoned() && ran.saturating_add(stalled) <= *shortest;
            answered || is_not_due(brief, attempt, stalled)
        })
}

/// True if the timer for the whole request was not near; or if it cut off an attempt that had begun long before, and was far
/// from its own end: one attempt more or less it would not have made.
fn is_far_from_total(brief: &Brief, entry: &Entry<'_>, stalled: Duration) -> bool {
    let timeout = &brief.policy.timeout;
    let Some(total) = timeout.total else { return true };
    if entry.exchange.service_time().saturating_add(stalled) <= *total {
        return true;
    }
    let (Some(per_try), Some(last)) = (timeout.per_try, entry.attempts.last()) else { return false };
    let ran = last.ended.since(last.arrived);
    last.was_abandoned() && ran >= stalled && ran.saturating_add(stalled) <= *per_try
}

/// True if the attempt's answer was due long after it ended, or never: whatever ended it, no stall kept the answer away.
fn is_not_due(brief: &Brief, attempt: &Attempt, stalled: Duration) -> bool {
    let met = |index: usize| index < 64 && attempt.injections & (1 << index) != 0;
    let hangs = brief.injections.iter().enumerate().any(|(index, injection)| {
        met(index) && injection.outline.is_some_and(|outline| outline.does == FaultDoes::Hangs)
    });
    let ran = attempt.ended.since(attempt.arrived);
    hangs || Duration::from_nanos(attempt.delay) >= ran.saturating_add(stalled)
}

#[cfg(test)]
mod tests {
    use evidence::{End, Method};
    use rstest::rstest;
    use units::Timespan;

    use crate::testing::{Call, Run, Try};
    use crate::view::Sight;

    fn apart(call: Call, per_try: Option<u64>) -> bool {
        apart_with_total(call, per_try, None)
    }

    fn apart_with_total(call: Call, per_try: Option<u64>, total: Option<u64>) -> bool {
        let mut policy = policy::Policy::default();
        policy.timeout.per_try = per_try.map(Timespan::from_millis);
        policy.timeout.total = total.map(Timespan::from_millis);
        let run = Run::new().phase("p", 10.0).backend("a").backend("b").class("reads", Method::Get);
        let run = run.fault("p", "hang", &["a"]).policy(policy).call(call).hiccup(100.0, 30.0);
        run.view("p", "reads", |view| {
            let entry = view.entries().next().unwrap();
            view.why_apart(&entry, Sight::COUNTS).is_some()
        })
    }

    #[rstest]
    #[case::far_from_the_timer(40.0, Some(300), false)]
    #[case::near_the_timer(240.0, Some(300), true)]
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

    #[rstest]
    #[case::that_was_due_long_after(900, false)]
    #[case::that_was_due_a_little_later(310, true)]
    fn an_attempt_is_given_up_without_a_stall_too_where_its_answer_was(
        #[case] delay: u64,
        #[case] expected: bool,
    ) {
        let planned = move |attempt: &mut evidence::Attempt| attempt.delay = delay * 1_000_000;
        let slow = Try::ok("a").ends(End::AbandonedRst).takes(300.0).row(planned);
        let call = Call::due("reads", 0.0).attempt(slow).attempt(Try::ok("b"));
        assert_eq!(apart(call, Some(300)), expected);
    }

    #[rstest]
    #[case::long_after_it_began_and_before_its_own_end(150.0, false)]
    #[case::when_it_had_just_begun(20.0, true)]
    #[case::near_its_own_end(290.0, true)]
    fn a_total_timer_that_cuts_an_attempt(#[case] ran: f64, #[case] expected: bool) {
        let hung = |ms: f64| Try::hit("a", "hang").takes(ms);
        let call = Call::due("reads", 0.0).attempt(hung(300.0)).attempt(hung(ran));
        assert_eq!(apart_with_total(call, Some(300), Some(300 + ran as u64)), expected);
    }

    #[test]
    fn a_gateway_that_answers_for_itself_may_have_run_into_a_timer() {
        assert!(apart(Call::due("reads", 95.0).rejected(504, 40.0), Some(300)));
    }
}
