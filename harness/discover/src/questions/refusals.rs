//! Whether a request whose backend takes no connection is tried elsewhere, by the method.
//!
//! A refused connection leaves no trace at the backend. So each method is sent alone, by a gateway that has met no refusal
//! before: its first requests do meet one, whatever a breaker makes of it afterwards, and fail if they are not tried again. Where
//! it asks backends for their health, only those count that came before it can have asked again.

use evidence::Entry;
use units::{Moment, Timespan};

use super::never_tried_again;
use super::outage::RETRIED;
use super::retries::METHODS;
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::{Fact, Profile};
use crate::seen::Seen;
use crate::value::Value;

/// The failure's name.
pub(crate) const REFUSED: &str = "connect-failure";

/// How often a request of the method is sent, by the second, and for how long.
const RATE: f64 = 100.0;
const FOR: Timespan = Timespan::from_secs(1);

/// So many failures show that all fail that meet the refusal, and so large a part of those that are expected.
const FAILURES_MIN: u64 = 5;
const ALL: f64 = 0.9;

/// That none failed tells something if so many would have met the refusal.
const EXPECTED_MIN: f64 = 5.0;

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let is_one_of_many = lab.backends.len() > 1;
    if is_one_of_many {
        let experiments = METHODS.map(|method| experiment(lab, method));
        lab.ahead(experiments.to_vec())?;
    }
    for method in METHODS {
        let key = format!("retry.{REFUSED}.{method}");
        if !is_one_of_many {
            profile.cannot_tell(key, "with one backend there is nowhere else to try", "refused");
            continue;
        }
        let seen = lab.run(&experiment(lab, method))?;
        tell(&seen, lab.victim(), method, profile);
    }
    Ok(())
}

fn experiment(lab: &Lab<'_>, method: &str) -> Experiment {
    let on = format!("on = [\"{}\"]", lab.backends[lab.victim()].name);
    Experiment::new(format!("refused-{method}"), 100.0)
        .traffic("one", method, RATE)
        .keep_alive(false)
        .calm("before", Timespan::from_secs(1), &["one"])
        .calm("refused", FOR, &[crate::experiment::CALM])
        .fault_of_all(&on, "refuse = {}")
}

/// Where one breaker stands for all backends, requests fail because it is open, and tell nothing of the attempts of those that may be
/// tried again.
pub(super) fn forget_failed(profile: &mut Profile) {
    for method in METHODS
        .into_iter()
        .filter(|method| !never_tried_again(profile, &RETRIED, &[method]))
        .collect::<Vec<_>>()
    {
        let key = format!("retry.{REFUSED}.{method}");
        if profile.value(&key) == Some(&Value::Count(1, 1)) {
            profile.fact.remove(&key);
            profile.cannot_tell(key, "one breaker stands for all backends, and may have been open", "outage");
        }
    }
}

/// When the gateway can ask a backend for its health next, if it did so before: after its shortest pause.
fn next_check(seen: &Seen, backend: usize, from: Moment) -> Option<Moment> {
    let checks = seen.checks(backend as u16);
    let before: Vec<Moment> = checks.iter().map(|check| check.arrived).filter(|at| *at < from).collect();
    let pause = checks.windows(2).map(|pair| pair[1].arrived.since(pair[0].arrived)).min();
    Some(*before.last()? + pause.unwrap_or_default())
}

/// True if further attempts go to the backend of the first one, or may because something keeps requests there.
fn goes_to_the_same(profile: &Profile) -> bool {
    let kept = |(key, fact): (&String, &Fact)| {
        key.starts_with("affinity.") && fact.value.as_ref().is_some_and(|value| *value == Value::yes(true))
    };
    profile.value("retry.other_backend") == Some(&Value::word("never")) || profile.fact.iter().any(kept)
}

/// True if some requests are known to be tried again less often than others.
fn is_budget_seen(profile: &Profile) -> bool {
    let spared = |value: &Option<Value>| matches!(value, Some(Value::Count(low, high)) if low < high);
    let mut cells = METHODS.iter().flat_map(|method| {
        profile.fact.iter().filter(move |(key, _)| key.starts_with("retry.") && key.ends_with(method))
    });
    cells.any(|(_, fact)| spared(&fact.value)) || profile.value("retry.budget") == Some(&Value::word("some"))
}

/// Whether requests that fail had one attempt only. Where another one may go to the same backend, or a budget may be used up, that takes
/// as many failures as requests that meet the refusal, until a breaker opens.
fn is_tried_once(profile: &Profile, method: &str, failed: &[bool], share: f64) -> bool {
    let elsewhere = profile.value("retry.other_backend") == Some(&Value::word("always"));
    if elsewhere && never_tried_again(profile, &RETRIED, &[method]) {
        return true;
    }
    if is_budget_seen(profile) || (!elsewhere && goes_to_the_same(profile)) {
        return false;
    }
    let mut failures = 0;
    failed.iter().zip(1_u32..).any(|(failed, requests)| {
        failures += u64::from(*failed);
        failures >= FAILURES_MIN && failures as f64 >= ALL * share * f64::from(requests)
    })
}

fn tell(seen: &Seen, victim: usize, method: &str, profile: &mut Profile) {
    let key = format!("retry.{REFUSED}.{method}");
    let view = seen.view("refused", Some("one"));
    // What arrived before the port was closed, or was caught by it on its way, is of neither phase.
    let counted = || view.entries().filter(|entry| entry.exchange.was_sent() && !view.is_at_edge(entry));
    // A success that no backend answered was made up, and tells of no further attempt.
    let succeeded = |entry: &Entry<'_>| entry.exchange.succeeded() && !entry.attempts.is_empty();
    let failed: Vec<bool> = counted().map(|entry| !succeeded(&entry)).collect();
    let share = seen.brief.weight_share(victim);
    let known = next_check(seen, victim, view.phase().from);
    let meets = |entry: &Entry<'_>| known.is_none_or(|known| entry.exchange.sent < known);
    let expected = counted().filter(meets).count() as f64 * share;
    let failures = failed.iter().filter(|failed| **failed).count() as u64;
    if failures > 0 && is_tried_once(profile, method, &failed, share) {
        profile.know(key, Value::Count(1, 1), failures, &seen.name);
    } else if failures > 0 {
        let why = "some fail, as they would as well if they were tried again at the same backend, or within a budget";
        profile.cannot_tell(key, why, &seen.name);
    } else if expected < EXPECTED_MIN {
        profile.cannot_tell(key, "too few requests would have met the refusal", &seen.name);
    } else {
        profile.know(key, Value::AtLeast(2), 1, &seen.name);
    }
}
