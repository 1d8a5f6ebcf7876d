//! What can be told of the bounds before a run.

use measure::brief::FaultDoes;

use super::Attempts;
use crate::claim::CASES_MIN;
use crate::forecast::{Forecast, Outlook, is_failure};

/// What is foreseen of each bound.
pub(super) fn forecast(settings: &Attempts, outlook: &Outlook<'_>) -> Vec<Forecast> {
    let faulty = outlook.injections().next().is_some();
    let mut found = Vec::new();
    found.extend(outlook.uncounted());
    if let Some(most) = settings.most() {
        found.extend(excess(most, outlook, faulty));
    }
    if let Some(fewest) = settings.fewest() {
        found.extend(shortfall(fewest, settings.exactly.is_some(), outlook, faulty));
    }
    if settings.other_backend.is_some() {
        found.extend(placed(outlook));
    }
    if let Some(most) = settings.amplification_max {
        found.extend(amplification(most, outlook, faulty));
    }
    found
}

fn needed(outlook: &Outlook<'_>) -> u64 {
    outlook.place.samples_min.unwrap_or(0).max(CASES_MIN)
}

fn cases(what: String, expected: Option<f64>, outlook: &Outlook<'_>) -> Option<Forecast> {
    expected.map(|expected| Forecast::exposures(what, expected, needed(outlook)))
}

/// Requests whose first so many attempts fail, in words.
fn failing(count: u16) -> String {
    match count {
        0 | 1 => "requests whose first attempt fails".into(),
        more => format!("requests whose first {more} attempts fail"),
    }
}

fn excess(most: u16, outlook: &Outlook<'_>, faulty: bool) -> Option<Forecast> {
    if !faulty {
        return cases("requests".into(), outlook.requests(), outlook);
    }
    let attempts = outlook.brief.policy.retry.as_ref().map_or(1, |retry| retry.attempts);
    if outlook.brief.policy.retry.is_some() && most > attempts {
        return Some(Forecast::CannotFail(format!(
            "`max = {most}` allows more than the {attempts} attempts of `policy.retry.attempts`: no request of a gateway \
             that tries once too often arrives more often"
        )));
    }
    // A gateway that tries once too often shows it only where there is a backend to try at, and time.
    let expected = if most <= 1 {
        outlook.failing_beside(1, is_seen_to_fail)
    } else {
        outlook.failing_beside(most, |does| does != FaultDoes::Refuses && outlook.is_retried(does))
    };
    cases(failing(most), expected, outlook)
}

fn shortfall(fewest: u16, exactly: bool, outlook: &Outlook<'_>, faulty: bool) -> Option<Forecast> {
    match fewest {
        0 => return Some(Forecast::CannotFail("no request arrives less often than never".into())),
        // `exactly = 1` is told of by its upper bound.
        1 if !faulty => return cases("requests".into(), outlook.requests(), outlook),
        1 if exactly => return None,
        1 => {
            let why =
                "a request that failed at a backend has arrived there once: nothing breaks `min = 1` here";
            return Some(Forecast::CannotFail(why.into()));
        }
        _ => {}
    }
    let retry = outlook.brief.policy.retry.as_ref();
    if let Some(retry) = retry.filter(|retry| retry.attempts < fewest) {
        return Some(Forecast::CannotPass(format!(
            "`min = {fewest}` asks for more than the {} attempts of `policy.retry.attempts`",
            retry.attempts
        )));
    }
    let expected =
        outlook.failing_in_time(fewest - 1, |does| does != FaultDoes::Refuses && outlook.is_retried(does));
    cases(failing(fewest - 1), expected, outlook)
}

fn placed(outlook: &Outlook<'_>) -> Option<Forecast> {
    if outlook.brief.backends.len() < 2 {
        return Some(Forecast::CannotPass("`other_backend` needs a second backend".into()));
    }
    let expected = outlook.failing_in_time(1, |does| does != FaultDoes::Refuses && outlook.is_retried(does));
    cases("further attempts".into(), expected, outlook)
}

fn amplification(most: f64, outlook: &Outlook<'_>, faulty: bool) -> Option<Forecast> {
    let attempts = outlook.brief.policy.retry.as_ref().map(|retry| f64::from(retry.attempts));
    if let Some(attempts) = attempts.filter(|attempts| most > *attempts) {
        return Some(Forecast::CannotFail(format!(
            "`amplification_max = {most}` allows more than the {attempts} attempts of `policy.retry.attempts`"
        )));
    }
    if faulty && most >= 1.0 {
        return cases(failing(1), outlook.failing(1, is_seen_to_fail), outlook);
    }
    cases("requests".into(), outlook.requests(), outlook)
}

/// True if a fault makes an attempt fail that is on record.
fn is_seen_to_fail(does: FaultDoes) -> bool {
    does != FaultDoes::Refuses && is_failure(does)
}
