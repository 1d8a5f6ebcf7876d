//! What can be told of a `backoff` before a run.

use measure::spread::Spread;
use measure::view::Place;
use units::Timespan;
use units::stats::cases_to_exclude;

use super::Backoff;
use super::waits::REFUTED;
use crate::decide::BETA;
use crate::forecast::{Forecast, Outlook};

pub(super) fn forecast(settings: &Backoff, outlook: &Outlook<'_>) -> Vec<Forecast> {
    if settings.allows_no_wait() {
        return vec![Forecast::CannotFail(format!(
            "a gateway that does not wait at all lies within the tolerance of {}: set one that is shorter than the wait",
            Timespan(settings.tolerance_of(1))
        ))];
    }
    let grows = settings.exponential.is_some_and(|growth| growth.wait(2) > growth.wait(1));
    let policy = &outlook.brief.policy;
    let attempts = match &policy.retry {
        Some(retry) => Some(retry.attempts),
        // A policy without retries never tries again; without any policy, the gateway's own configuration decides.
        None => (*policy != policy::Policy::default()).then_some(1),
    };
    if attempts.is_some_and(|attempts| attempts < 2) {
        return vec![Forecast::CannotPass(
            "the policy never tries a request again, so that there is no wait".into(),
        )];
    }
    if grows && attempts == Some(2) {
        let why = "the policy makes 2 attempts, and that waits grow shows from the third attempt on";
        return vec![Forecast::CannotPass(why.into())];
    }
    let needed = cases_to_exclude(REFUTED, BETA);
    let needed = if settings.full_jitter.is_some() { needed.max(Spread::NEEDED) } else { needed };
    let first = failing(outlook, 1)
        .map(|expected| Forecast::exposures("requests that are tried again", expected, needed));
    let second = failing(outlook, 2).filter(|_| grows).map(|expected| {
        Forecast::exposures("requests that are tried a third time", expected, crate::claim::CASES_MIN)
    });
    first.into_iter().chain(second).chain(outlook.uncounted()).collect()
}

/// Requests whose first `count` attempts fail in a way that is tried again after.
fn failing(outlook: &Outlook<'_>, count: u16) -> Option<f64> {
    let retry = outlook.brief.policy.retry.as_ref();
    let repeated = |class: &usize| {
        let method = outlook.brief.traffic[*class].method.word();
        retry.is_none_or(|retry| retry.methods.iter().any(|name| name == method))
    };
    let of_class = |class: usize| {
        let place = Place { traffic: Some(class as u16), ..outlook.place };
        Outlook { place, ..*outlook }.failing_in_time(count, |does| outlook.is_retried(does))
    };
    outlook.classes().filter(repeated).map(of_class).sum()
}
