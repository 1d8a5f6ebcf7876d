//! Whether a budget bounds how many requests are tried again at a time.
//!
//! The first attempt of every request fails, at slow backends, so that many further attempts would be under way at a time. Calm
//! traffic succeeds beside them, and no breaker opens that counts in a row.

use std::time::Duration;

use evidence::Entry;
use measure::view::Sight;
use units::{Share, Timespan, stats};

use super::outage::RETRIED;
use super::{never_tried_again, slow, tried_again};
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::value::Value;

/// The probability with which a share lies within its bounds.
const CONFIDENCE: f64 = 0.999;

/// How long a backend takes, at the most.
const SLOW: Duration = Duration::from_millis(100);

/// Calm traffic, by the second, and how long there is no other: what a budget may save up.
const CALM: f64 = 150.0;
const BEFORE: Timespan = Timespan::from_secs(4);

/// The first failures, which a budget that was saved up pays for.
const FIRST: usize = 60;

/// Fewer cases than this tell nothing.
const CASES_MIN: u64 = 50;

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let key = "retry.under_load";
    let Some(failure) = RETRIED.iter().find(|failure| tried_again(profile, failure, "GET")) else {
        if never_tried_again(profile, &RETRIED, &["GET"]) {
            return Ok(());
        }
        profile.cannot_tell(key, "no GET is known to be tried again", "retries");
        return Ok(());
    };
    if !matches!(profile.value("limit.in_flight"), Some(Value::AtLeast(_))) {
        profile.cannot_tell(
            key,
            "a limit of the requests under way may keep some from being tried again",
            "crowd",
        );
        return Ok(());
    }
    let slow = Timespan(slow(profile, 4, SLOW));
    let when = "when = { traffic = \"get\" }";
    let one = Experiment::new("storm", CALM)
        .traffic("get", "GET", 200.0)
        .with("arrivals = \"poisson\"")
        .calm("before", BEFORE, &["get"])
        .phase("storm", Timespan::from_secs(5))
        .fault("", &format!("latency = {{ fixed = \"{slow}\" }}"))
        .fault(when, &format!("fail_first = {{ attempts = 1, with = \"{failure}\" }}"))
        .calm("after", Timespan::from_secs(1), &["get"]);
    let seen = lab.run(&one)?;
    if !seen.all_in_use("storm", CALM) {
        profile.cannot_tell(key, "a breaker opened, which keeps requests from being tried again", &seen.name);
        return Ok(());
    }
    let view = seen.view("storm", Some("get"));
    let failed = |entry: &Entry<'_>| {
        view.why_apart(entry, Sight::COUNTS).is_none()
            && entry.attempts.first().is_some_and(|one| one.injections != 0)
    };
    let followed: Vec<bool> = view.entries().filter(failed).map(|entry| entry.attempts.len() > 1).collect();
    let count = |some: &[bool]| some.iter().filter(|again| **again).count() as u64;
    let (cases, again) = (followed.len() as u64, count(&followed));
    let (low, high) = stats::share_interval(again, cases, CONFIDENCE);
    match Share::new(low.max(0.0)).zip(Share::new(high.min(1.0))) {
        Some((low, high)) if cases >= CASES_MIN => {
            profile.know(key, Value::Share(low, high), cases, &seen.name);
        }
        _ => profile.cannot_tell(key, "too few requests failed as planned", &seen.name),
    }
    if cases >= CASES_MIN {
        let word = if again == cases { "none seen" } else { "some" };
        profile.know("retry.budget", Value::word(word), cases, &seen.name);
    }
    let (first, rest) = followed.split_at(FIRST.min(followed.len()));
    if again < cases && rest.len() as u64 >= CASES_MIN {
        let of = |some: &[bool]| stats::share_interval(count(some), some.len() as u64, CONFIDENCE);
        profile.know("retry.budget_saves_up", Value::yes(of(first).0 > of(rest).1), cases, &seen.name);
    }
    Ok(())
}
