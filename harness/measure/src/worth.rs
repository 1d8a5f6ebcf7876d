//! Which failures of an attempt make another one worthwhile, and whether there was time and a place for it.

use std::time::Duration;

use evidence::{Attempt, End, Entry, Method};
use policy::{Backoff, Retry, RetryOn};

use crate::brief::Brief;
use crate::lifetimes::{Ending, ending};

/// A total timer ends whatever would come within so much of it: gateways look at their timers once in a few milliseconds,
/// and an attempt that is sent 5 ms before the end can't be told from one that is not sent.
pub(crate) const TIMER_GRAIN: Duration = Duration::from_millis(5);

/// How an attempt failed, in the words of a retry policy; None if it did not, or if nobody can tell.
///
/// An answer that broke off within its body is none of them: it has begun, and nobody can try again. Of the statuses,
/// all from 500 on and 429 are failures whatever the policy says; others only if it names them.
pub fn failure(brief: &Brief, entry: &Entry<'_>, attempt: &Attempt) -> Option<RetryOn> {
    match attempt.end {
        End::Replied => {
            let status = RetryOn::Status(attempt.status);
            let named = brief.policy.retry.as_ref().is_some_and(|retry| retry.on.contains(&status));
            (attempt.status >= 500 || attempt.status == 429 || named).then_some(status)
        }
        End::Reset | End::Closed => (attempt.status == 0).then_some(RetryOn::Reset),
        // As is one whose head was sent before the gateway gave it up.
        End::AbandonedFin | End::AbandonedRst if attempt.status > 0 => None,
        End::AbandonedFin | End::AbandonedRst => {
            (ending(entry, attempt) == Ending::Gateway).then_some(RetryOn::Timeout)
        }
        End::RequestCut | End::Malformed | End::OpenAtEnd | End::Spoiled => None,
    }
}

/// True if the declared policy tries again after such a failure; any failure without a policy.
pub fn is_named(brief: &Brief, failure: RetryOn) -> bool {
    brief.policy.retry.as_ref().is_none_or(|retry| retry.on.contains(&failure))
}

/// True if the declared policy repeats requests of this method; any method without a policy.
pub fn is_repeated(brief: &Brief, method: Method) -> bool {
    brief.policy.retry.as_ref().is_none_or(|retry| {
        // A method that evidence has no word for may be any that the policy names beside the known ones.
        let other = |name: &String| Method::parse(name) == Method::Other;
        retry.methods.iter().any(|name| name == method.word() || (method == Method::Other && other(name)))
    })
}

/// True if the declared timer for the whole request leaves no time for another attempt after attempt `number` (from 1),
/// which ended at `after` its sending.
pub fn is_out_of_time(brief: &Brief, number: usize, after: Duration) -> bool {
    let wait = brief.policy.retry.as_ref().and_then(|retry: &Retry| retry.backoff.as_ref());
    let wait = wait.map_or(Duration::ZERO, |backoff| longest_wait(backoff, number));
    let total = brief.policy.timeout.total;
    total.is_some_and(|total| after.saturating_add(wait).saturating_add(TIMER_GRAIN) >= *total)
}

/// How long the declared policy waits after an attempt because its answer asked for it; zero where it does not read that.
pub fn asked_wait(brief: &Brief, attempt: &Attempt) -> Duration {
    let obeyed = brief.policy.retry.as_ref().and_then(|retry| retry.retry_after);
    let Some((obeyed, until)) = obeyed.zip(attempt.retry_at) else { return Duration::ZERO };
    let asked = until.since(attempt.replied.unwrap_or(attempt.ended));
    obeyed.max.map_or(asked, |max| asked.min(*max))
}

/// The longest wait before the attempt that follows on attempt `number` (from 1).
fn longest_wait(backoff: &Backoff, number: usize) -> Duration {
    let doublings = i32::try_from(number.saturating_sub(1)).unwrap_or(i32::MAX);
    let seconds = backoff.base.as_secs_f64() * backoff.factor.max(1.0).powi(doublings);
    let wait = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    backoff.max.map_or(wait, |max| wait.min(*max))
}

#[cfg(test)]
mod tests {
    use units::Timespan;

    use super::*;

    fn declared(total: u64, backoff: Option<Backoff>) -> Brief {
        let mut brief = Brief::default();
        brief.policy.timeout.total = Some(Timespan::from_millis(total));
        let on = vec![RetryOn::Status(503)];
        let methods = vec!["GET".into(), "PURGE".into()];
        brief.policy.retry = Some(Retry { methods, backoff, ..Retry::new(3, on) });
        brief
    }

    #[test]
    fn a_total_timer_leaves_time_for_an_attempt_that_begins_before_it_and_for_no_later_one() {
        let brief = declared(450, None);
        assert!(!is_out_of_time(&brief, 1, Duration::from_millis(300)));
        assert!(is_out_of_time(&brief, 1, Duration::from_millis(446)));
        assert!(!is_out_of_time(&Brief::default(), 1, Duration::from_secs(100)));
    }

    #[test]
    fn the_wait_before_an_attempt_counts_with_its_growth_up_to_its_longest() {
        let backoff = Backoff {
            base: Timespan::from_millis(100),
            factor: 2.0,
            max: Some(Timespan::from_millis(150)),
            jitter: false,
        };
        let brief = declared(450, Some(backoff));
        assert!(!is_out_of_time(&brief, 1, Duration::from_millis(330)));
        assert!(is_out_of_time(&brief, 2, Duration::from_millis(330)), "the second wait is 150 ms");
        assert!(!is_out_of_time(&brief, usize::MAX, Duration::from_millis(200)));
    }

    #[test]
    fn a_policy_names_what_it_repeats_and_without_one_everything_may_be() {
        let brief = declared(450, None);
        assert!(is_repeated(&brief, Method::Get) && !is_repeated(&brief, Method::Post));
        assert!(is_repeated(&brief, Method::Other), "PURGE is one");
        assert!(is_named(&brief, RetryOn::Status(503)) && !is_named(&brief, RetryOn::Reset));
        assert!(is_repeated(&Brief::default(), Method::Post) && is_named(&Brief::default(), RetryOn::Reset));
    }
}
