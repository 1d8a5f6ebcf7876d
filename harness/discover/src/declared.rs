//! The profile that a gateway has if it does what its policy declares.

use std::collections::BTreeMap;
use std::time::Duration;

use policy::{Backoff, Breaker, FailureClass, Policy, Retry, RetryOn, WayBack};
use units::{Share, Timespan};

use crate::profile::{About, FORMAT, Profile};
use crate::questions::{BREAKING, FAILING, METHODS, REFUSED};
use crate::value::Value;

/// What stands in place of an experiment.
const DECLARED: &str = "declared";

/// Waits are told up to this attempt.
const ATTEMPTS_TOLD: u16 = 6;

impl Profile {
    /// What a policy declares, in the words of a profile. Where it is silent, nothing is said.
    pub fn declared(policy: &Policy, gateway: &str) -> Self {
        let about = About {
            format: FORMAT,
            brownout: env!("CARGO_PKG_VERSION").to_owned(),
            gateway: gateway.to_owned(),
            version: None,
            backends: Vec::new(),
            ended_early: None,
        };
        let mut profile = Profile { about, fact: BTreeMap::new() };
        for (key, timer) in [("per_try", policy.timeout.per_try), ("total", policy.timeout.total)] {
            if let Some(timer) = timer {
                profile.say(format!("timeout.{key}"), Value::Time(timer, timer));
            }
        }
        profile.say_retries(policy);
        if let Some(breaker) = &policy.breaker {
            profile.say_breaker(breaker, policy.timeout.per_try.is_some());
        }
        profile
    }

    /// True if it was made from a policy.
    pub(crate) fn is_declared(&self) -> bool {
        self.fact.values().all(|fact| fact.experiment == DECLARED)
    }

    fn say(&mut self, key: impl Into<String>, value: Value) {
        self.know(key, value, 0, DECLARED);
    }

    fn say_retries(&mut self, policy: &Policy) {
        let failures = FAILING.map(|(failure, _)| failure).into_iter().chain([REFUSED]);
        // Nothing is tried again after a timer that there is not.
        let timed = policy.timeout.per_try.is_some();
        for failure in failures.filter(|failure| timed || *failure != "timeout") {
            for method in METHODS {
                let attempts = policy.retry.as_ref().map_or(1, |retry| attempts(retry, failure, method));
                self.say(format!("retry.{failure}.{method}"), Value::Count(attempts, attempts));
            }
        }
        let Some(retry) = policy.retry.as_ref().filter(|retry| retry.attempts > 1) else { return };
        if let Some(backoff) = &retry.backoff {
            for number in 2..=retry.attempts.min(ATTEMPTS_TOLD) {
                self.say(format!("retry.wait.{number}"), wait(backoff, number));
            }
        }
    }

    fn say_breaker(&mut self, breaker: &Breaker, timed: bool) {
        let fails = if breaker.fails.is_empty() { &FailureClass::USUAL[..] } else { &breaker.fails };
        for (failure, _) in BREAKING.into_iter().filter(|(failure, _)| timed || *failure != "timeout") {
            let opens = match failure.parse::<u16>() {
                Ok(status) => fails.iter().any(|class| class.takes_status(status)),
                Err(_) => failure.parse().is_ok_and(|on| fails.contains(&FailureClass::One(on))),
            };
            self.say(format!("breaker.opens_on.{failure}"), Value::yes(opens));
        }
        let trip = breaker.trip;
        if let Some(count) = trip.consecutive.or(trip.count).map(u64::from) {
            self.say("breaker.failures", Value::Count(count, count));
        }
        let rule = match (trip.consecutive, trip.count) {
            (Some(_), _) => "failures in a row",
            (_, Some(_)) => "failures within a time",
            _ => "a share of failures within a time",
        };
        self.say("breaker.rule", Value::word(rule));
        if let Some(window) = trip.within {
            self.say("breaker.window", Value::Time(window, window));
        }
        if let Some(share) = trip.share.and_then(|share| Share::new(share.get())) {
            self.say("breaker.share", Value::Share(share, share));
        }
        let longest =
            Timespan(breaker.open_for.saturating_add(breaker.tick.map_or(Duration::ZERO, Duration::from)));
        self.say("breaker.open_for", Value::Time(breaker.open_for, longest));
        self.say("breaker.open_grows", Value::yes(breaker.open_grows));
        match breaker.way_back {
            Some(WayBack::Probe) => self.say("breaker.way_back", Value::word("probe")),
            Some(WayBack::All) => self.say("breaker.way_back", Value::word("all")),
            _ => {}
        }
    }
}

fn attempts(retry: &Retry, failure: &str, method: &str) -> u64 {
    let on = match failure {
        "close" => Ok(RetryOn::Reset),
        other => other.parse(),
    };
    let again =
        on.is_ok_and(|on| retry.on.contains(&on)) && retry.methods.iter().any(|listed| listed == method);
    if again { u64::from(retry.attempts) } else { 1 }
}

/// The wait before an attempt.
fn wait(backoff: &Backoff, number: u16) -> Value {
    let grown = backoff.base.as_secs_f64() * backoff.factor.powi(i32::from(number) - 2);
    let bounded = Duration::try_from_secs_f64(grown).unwrap_or(Duration::MAX);
    let longest = Timespan(backoff.max.map_or(bounded, |max| bounded.min(*max)));
    Value::Time(if backoff.jitter { Timespan::default() } else { longest }, longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_says_what_its_profile_would_be_and_is_silent_where_it_is_silent() {
        let policy: Policy = toml::from_str(
            r#"
            timeout = { per_try = "300ms" }
            retry = { attempts = 3, on = ["503"], methods = ["GET"], backoff = { base = "50ms", jitter = true } }
            breaker = { trip = { count = 5, within = "2s" }, open_for = "1s" }
            "#,
        )
        .unwrap();
        let profile = Profile::declared(&policy, "reference");
        insta::assert_snapshot!(profile.write());
        assert_eq!(profile.value("timeout.total"), None);
    }
}
