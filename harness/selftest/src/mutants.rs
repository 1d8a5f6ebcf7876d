//! Small changes of a declared policy: what a gateway does that was configured a little wrong. An expectation that
//! speaks of a key should notice that its value is another one.

mod pool;
mod requests;

use std::time::Duration;

use policy::{AllOut, Backoff, Breaker, FailureClass, Policy, Retry, RetryAfter, RetryOn, Scope, Trip};
use units::{Share, Timespan};

/// A policy that differs from the declared one in one key.
#[derive(Clone, Debug, PartialEq)]
pub struct Mutant {
    /// The key that differs: `timeout.per_try`.
    pub key: String,
    /// What it is instead: `240 ms instead of 300 ms`.
    pub what: String,
    /// The policy that the gateway really follows.
    pub policy: Policy,
}

/// Every small change of a policy. What no fault of today can show is left alone: `timeout.connect` (every connection over
/// loopback is made at once, or refused), and whether a breaker counts a refused connection (it leaves no trace).
pub fn mutants(policy: &Policy) -> Vec<Mutant> {
    let mut mutants = timers(policy);
    if let Some(retry) = &policy.retry {
        mutants.extend(retries(retry).into_iter().map(|(key, what, retry)| {
            let policy = Policy { retry: Some(retry), ..policy.clone() };
            Mutant { key, what, policy }
        }));
    }
    if let Some(breaker) = &policy.breaker {
        mutants.extend(breakers(breaker).into_iter().map(|(key, what, breaker)| {
            let policy = Policy { breaker: Some(breaker), ..policy.clone() };
            Mutant { key, what, policy }
        }));
    }
    if let Some(limit) = &policy.limit {
        mutants.extend(pool::limits(limit).into_iter().map(|(key, what, limit)| {
            let policy = Policy { limit: Some(limit), ..policy.clone() };
            Mutant { key, what, policy }
        }));
    }
    if let Some(limit) = &policy.rate_limit {
        mutants.extend(pool::rate_limits(limit).into_iter().map(|(what, limit)| {
            let policy = Policy { rate_limit: limit, ..policy.clone() };
            Mutant { key: "rate_limit".into(), what, policy }
        }));
    }
    if let Some(check) = &policy.health_check {
        mutants.extend(pool::health_checks(check).into_iter().map(|(key, what, check)| {
            let policy = Policy { health_check: Some(check), ..policy.clone() };
            Mutant { key, what, policy }
        }));
    }
    if let Some(affinity) = &policy.affinity {
        mutants.extend(pool::affinities(affinity).into_iter().map(|(key, what, affinity)| {
            let policy = Policy { affinity, ..policy.clone() };
            Mutant { key, what, policy }
        }));
    }
    mutants.extend(requests::mutants(policy));
    // A change that makes no sense together with the rest is no gateway that anybody runs.
    mutants.retain(|mutant| mutant.policy.problems().is_empty());
    mutants
}

fn scaled(length: Timespan, factor: f64) -> Timespan {
    // Whole milliseconds, which every gateway can keep.
    Timespan(Duration::from_millis((length.as_secs_f64() * 1e3 * factor).round().max(1.0) as u64))
}

fn instead(found: impl std::fmt::Display, declared: impl std::fmt::Display) -> String {
    format!("{found} instead of {declared}")
}

fn timers(policy: &Policy) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    for factor in [0.8, 1.25] {
        if let Some(declared) = policy.timeout.per_try {
            let mut policy = policy.clone();
            policy.timeout.per_try = Some(scaled(declared, factor));
            let what = instead(scaled(declared, factor), declared);
            mutants.push(Mutant { key: "timeout.per_try".into(), what, policy });
        }
        if let Some(declared) = policy.timeout.total {
            let mut policy = policy.clone();
            policy.timeout.total = Some(scaled(declared, factor));
            let what = instead(scaled(declared, factor), declared);
            mutants.push(Mutant { key: "timeout.total".into(), what, policy });
        }
    }
    mutants
}

fn retries(retry: &Retry) -> Vec<(String, String, Retry)> {
    let mut mutants = Vec::new();
    for attempts in [retry.attempts.saturating_sub(1), retry.attempts + 1] {
        let what = instead(attempts, retry.attempts);
        mutants.push(("retry.attempts".into(), what, Retry { attempts, ..retry.clone() }));
    }
    for (index, left_out) in retry.on.iter().enumerate() {
        let mut on = retry.on.clone();
        on.remove(index);
        mutants.push((
            format!("retry.on.{left_out}"),
            format!("without `{left_out}`"),
            Retry { on, ..retry.clone() },
        ));
    }
    let undeclared = RetryOn::Status(500);
    if !retry.on.contains(&undeclared) {
        let on = retry.on.iter().copied().chain([undeclared]).collect();
        let what = format!("`{undeclared}` as well");
        mutants.push(("retry.on".into(), what, Retry { on, ..retry.clone() }));
    }
    for method in ["POST", "GET"] {
        let mut methods = retry.methods.clone();
        let listed = methods.iter().position(|listed| listed == method);
        let what = if let Some(index) = listed {
            methods.remove(index);
            format!("without {method}")
        } else {
            methods.push(method.into());
            format!("{method} as well")
        };
        mutants.push(("retry.methods".into(), what, Retry { methods, ..retry.clone() }));
    }
    let other = Retry { other_backend: !retry.other_backend, ..retry.clone() };
    mutants.push(("retry.other_backend".into(), instead(other.other_backend, retry.other_backend), other));
    if let Some(asked) = retry.retry_after {
        let key = || String::from("retry.retry_after");
        mutants.push((key(), "not read".into(), Retry { retry_after: None, ..retry.clone() }));
        if let Some(max) = asked.max {
            let longer = scaled(max, 1.5);
            let retry_after = Some(RetryAfter { max: Some(longer) });
            mutants.push((key(), instead(longer, max), Retry { retry_after, ..retry.clone() }));
        }
    }
    if let Some(budget) = retry.budget {
        let changed = pool::budgets(budget).into_iter();
        mutants.extend(
            changed.map(|(what, budget)| ("retry.budget".into(), what, Retry { budget, ..retry.clone() })),
        );
    }
    if let Some(backoff) = retry.backoff {
        let changed = backoffs(backoff).into_iter();
        mutants.extend(changed.map(|(what, backoff)| {
            ("retry.backoff".into(), what, Retry { backoff: Some(backoff), ..retry.clone() })
        }));
    }
    mutants
}

fn backoffs(backoff: Backoff) -> Vec<(String, Backoff)> {
    let mut mutants = Vec::new();
    for factor in [0.5, 2.0] {
        let base = scaled(backoff.base, factor);
        // The cap moves along: it would hide the longer waits otherwise.
        let max = backoff.max.map(|max| scaled(max, factor));
        mutants.push((instead(base, backoff.base), Backoff { base, max, ..backoff }));
    }
    if backoff.factor > 1.0 {
        mutants.push(("waits that don't grow".into(), Backoff { factor: 1.0, ..backoff }));
    }
    let what = if backoff.jitter { "without jitter" } else { "with jitter" };
    mutants.push((what.into(), Backoff { jitter: !backoff.jitter, ..backoff }));
    mutants
}

fn breakers(breaker: &Breaker) -> Vec<(String, String, Breaker)> {
    let mut mutants: Vec<_> = trips(breaker.trip)
        .into_iter()
        .map(|(what, trip)| ("breaker.trip".to_owned(), what, Breaker { trip, ..breaker.clone() }))
        .collect();
    for factor in [0.75, 1.25] {
        let open_for = scaled(breaker.open_for, factor);
        let what = instead(open_for, breaker.open_for);
        mutants.push(("breaker.open_for".into(), what, Breaker { open_for, ..breaker.clone() }));
    }
    for (probes, declared) in [2, 50].into_iter().zip([breaker.probes; 2]) {
        if let Some(declared) = declared.filter(|declared| probes != *declared) {
            let changed = Breaker { probes: Some(probes), ..breaker.clone() };
            mutants.push(("breaker.probes".into(), instead(probes, declared), changed));
        }
    }
    mutants.extend(classes(breaker));
    let grows = Breaker { open_grows: !breaker.open_grows, ..breaker.clone() };
    let what = if grows.open_grows { "growing with each opening" } else { "not growing" };
    mutants.push(("breaker.open_for".into(), what.into(), grows));
    let workers = Breaker { workers: breaker.workers + 1, ..breaker.clone() };
    let what = format!("counted by {} workers, each for itself", workers.workers);
    mutants.push(("breaker.trip".into(), what, workers));
    if breaker.scope.is_backend() {
        let pool = Breaker { scope: Scope::Pool, ..breaker.clone() };
        mutants.push(("breaker.scope".into(), "one for the whole pool".into(), pool));
    }
    if breaker.all_out == Some(AllOut::Shed) {
        let panic = Breaker { all_out: Some(AllOut::Panic), ..breaker.clone() };
        mutants.push(("breaker.all_out".into(), "panic instead of shed".into(), panic));
    }
    mutants
}

/// Each declared class of failures left out.
fn classes(breaker: &Breaker) -> Vec<(String, String, Breaker)> {
    let unseen = FailureClass::One(RetryOn::ConnectFailure);
    let seen = breaker.fails.iter().filter(|class| **class != unseen);
    seen.map(|left_out| {
        let fails = breaker.fails.iter().copied().filter(|class| class != left_out).collect();
        let key = format!("breaker.fails.{left_out}");
        (key, format!("`{left_out}` is no failure"), Breaker { fails, ..breaker.clone() })
    })
    .collect()
}

fn trips(trip: Trip) -> Vec<(String, Trip)> {
    let mut mutants = Vec::new();
    for by in [-2i64, -1, 1, 2] {
        let near = |count: u32| u32::try_from(i64::from(count) + by).ok();
        if let Some((declared, count)) = trip.consecutive.and_then(|count| Some((count, near(count)?))) {
            mutants.push((instead(count, declared), Trip { consecutive: Some(count), ..trip }));
        }
        if let Some((declared, count)) = trip.count.and_then(|count| Some((count, near(count)?))) {
            mutants.push((instead(count, declared), Trip { count: Some(count), ..trip }));
        }
    }
    if let Some(declared) = trip.share {
        for factor in [0.5, 1.5] {
            if let Some(share) = Share::new(declared.get() * factor) {
                mutants.push((instead(share, declared), Trip { share: Some(share), ..trip }));
            }
        }
    }
    mutants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_changed_a_little_and_nothing_else_is() {
        let policy: Policy = toml::from_str(
            r#"
            timeout = { per_try = "300ms", total = "2s" }
            retry = { attempts = 2, on = ["503", "reset"], methods = ["GET"], backoff = { base = "100ms", max = "1s", jitter = true }, budget = { share = 0.2, min = 3 } }
            breaker = { trip = { consecutive = 5 }, fails = ["5xx", "reset", "connect-failure"], open_for = "2s", probes = 1, all_out = "shed" }
            limit = { in_flight = 8, queue = 16, wait = "200ms", status = 503 }
            rate_limit = { calls = 100, per = "10s", retry_after = true }
            affinity = { by = { header = "x-user" } }
            health_check = { path = "/healthz", every = "1s", fall = 3, rise = 2 }
            request_headers = { set = { x-plan = "gold" }, append = { x-trail = "edge" }, remove = ["x-debug"] }
            credentials = { a = { header = { authorization = "Bearer a" } }, b = { header = { authorization = "Bearer b" } } }
            "#,
        )
        .unwrap();
        let lines: Vec<String> =
            mutants(&policy).into_iter().map(|mutant| format!("{}: {}", mutant.key, mutant.what)).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn without_a_policy_there_is_nothing_to_change() {
        assert_eq!(mutants(&Policy::default()), []);
    }
}
