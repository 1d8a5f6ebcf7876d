//! What can be told of a `timeout` before a run.

use std::time::Duration;

use measure::brief::FaultDoes;
use units::Timespan;
use units::stats::cases_to_exclude;

use super::{BEYOND, REFUTED, Timeout};
use crate::decide::BETA;
use crate::forecast::{Forecast, Outlook};

pub(super) fn forecast(settings: &Timeout, outlook: &Outlook<'_>) -> Vec<Forecast> {
    let per_try = settings.per_try.map(|timer| per_try(settings, *timer, outlook));
    let total = settings.total.map(|timer| total(settings, *timer, outlook));
    [per_try, total].into_iter().flatten().flatten().collect()
}

/// True if a fault holds attempts for longer than `length`, some of them at least.
fn holds(does: FaultDoes, length: Duration) -> bool {
    match does {
        FaultDoes::Hangs => true,
        FaultDoes::Delays { most, .. } => *most >= length,
        FaultDoes::Answers { .. } | FaultDoes::Breaks | FaultDoes::Cuts | FaultDoes::Refuses => false,
    }
}

fn per_try(settings: &Timeout, timer: Duration, outlook: &Outlook<'_>) -> Option<Forecast> {
    let (named, length) = (Timespan(timer), settings.bounds(timer).high().saturating_add(BEYOND));
    let total = settings.total.or(outlook.brief.policy.timeout.total);
    if let Some(total) = total.filter(|total| **total < timer) {
        let why =
            format!("the timer of {total} for the whole request ends each attempt before its own of {named}");
        return Some(Forecast::CannotPass(why));
    }
    if let Some(why) = impatient(outlook, timer, "the per-try timer") {
        return Some(why);
    }
    let held = outlook.failing(1, |does| holds(does, length))?;
    Some(Forecast::exposures(
        format!("attempts that a fault holds for longer than {}", Timespan(length)),
        held,
        cases_to_exclude(REFUTED, BETA),
    ))
}

fn total(settings: &Timeout, timer: Duration, outlook: &Outlook<'_>) -> Option<Forecast> {
    let policy = &outlook.brief.policy;
    let (named, length) = (Timespan(timer), settings.bounds(timer).high().saturating_add(BEYOND));
    let attempts = policy.retry.as_ref().map_or(1, |retry| retry.attempts);
    let per_try = settings.per_try.or(policy.timeout.per_try);
    if let Some(longest) = per_try.and_then(|per_try| longest(outlook, *per_try, attempts))
        && longest < timer.saturating_sub(settings.tolerance_of(timer))
    {
        return Some(Forecast::CannotPass(format!(
            "it never has to fire: {attempts} attempts take {} at the most, and the timer for the whole request is {named}",
            Timespan(longest)
        )));
    }
    if let Some(why) = impatient(outlook, timer, "the timer for the whole request") {
        return Some(why);
    }
    // As many attempts as end before the timer must all be held.
    let before = per_try.filter(|per_try| !per_try.is_zero());
    let number = before.map_or(1, |per_try| (timer.as_nanos() / per_try.as_nanos()).min(99) as u16 + 1);
    let longest = before.map_or(length, |per_try| *per_try);
    let held = outlook.failing(number.min(attempts), |does| holds(does, longest))?;
    Some(Forecast::exposures(
        format!("requests that last longer than {}", Timespan(length)),
        held,
        cases_to_exclude(REFUTED, BETA),
    ))
}

/// How long all attempts take at the most with the waits between them; None where that can't be told.
fn longest(outlook: &Outlook<'_>, per_try: Duration, attempts: u16) -> Option<Duration> {
    let trying = per_try.checked_mul(u32::from(attempts))?;
    let backoff = outlook.brief.policy.retry.as_ref().and_then(|retry| retry.backoff.as_ref());
    let Some(backoff) = backoff else { return Some(trying) };
    let most = backoff.max.map_or(f64::MAX, |max| max.as_secs_f64());
    let wait = |nth: i32| (backoff.base.as_secs_f64() * backoff.factor.powi(nth)).min(most);
    let waits: f64 = (0..i32::from(attempts) - 1).map(wait).sum();
    trying.checked_add(Duration::try_from_secs_f64(waits).ok()?)
}

/// If no client stays until the timer may fire.
fn impatient(outlook: &Outlook<'_>, timer: Duration, what: &str) -> Option<Forecast> {
    let deadline = outlook.deadline();
    // Plans of older builds don't tell how long clients wait.
    (!deadline.is_zero() && *deadline <= timer).then(|| {
        Forecast::CannotPass(format!(
            "clients leave after {deadline}, before {what} of {} fires: set a longer `deadline`",
            Timespan(timer)
        ))
    })
}
