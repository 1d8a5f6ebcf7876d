//! What is discovered of the reference gateway is what it was configured to do, and what can't be told is unknown.

use discover::{Options, Profile, Site, Value, diff, discover};
use gateways::Allowed;
use policy::{FailureClass, Policy, RetryOn};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use scenario::Overrides;
use tokio_util::sync::CancellationToken;
use units::Timespan;

/// How long a timer may be that is looked for.
const LONGEST: Timespan = Timespan::from_secs(6);

fn profile(policy: &str, seed: u64) -> Profile {
    let site = Site {
        head: format!("[policy]\n{policy}\n[gateway.reference]\n[backend.a]\n[backend.b]\n[backend.c]\n"),
        overrides: Overrides { seed: Some(seed), ..Overrides::default() },
        path: "/items/{n}".into(),
        base: ".".into(),
        longest: LONGEST,
        simulate: true,
        out: ".".into(),
        allowed: Allowed::default(),
        interrupt: CancellationToken::new(),
    };
    discover(site, &Options::default(), &mut |_, _| ()).unwrap().0
}

#[test]
fn a_policy_with_retries_and_a_breaker_is_found_as_it_was_declared() {
    let found = profile(
        r#"
        timeout = { per_try = "300ms", total = "2s" }
        retry = { attempts = 3, on = ["503", "reset", "connect-failure"], methods = ["GET", "HEAD"], backoff = { base = "50ms" } }
        breaker = { trip = { consecutive = 5 }, open_for = "1500ms", probes = 1 }
        "#,
        7,
    );
    insta::assert_snapshot!(found.write());
}

/// How many policies are drawn: a few in an ordinary run, as many as the environment says in a long one.
fn count() -> u64 {
    std::env::var("DISCOVER_POLICIES").map_or(4, |count| count.parse().expect("a number of policies"))
}

#[test]
fn nothing_that_is_known_of_random_policies_is_wrong_and_most_is_known() {
    let (mut known, mut unknown, mut wrong) = (0, Vec::new(), Vec::new());
    for seed in 1..=count() {
        let text = random_policy(seed);
        let policy: Policy = toml::from_str(&text).unwrap();
        for (key, fact) in &profile(&text, seed).fact {
            let Some(value) = &fact.value else {
                unknown.push(format!("seed {seed}: {key}: {}", fact.unknown.as_deref().unwrap_or_default()));
                continue;
            };
            known += 1;
            if let Some(declared) = contradicted(&policy, key, value) {
                wrong.push(format!("seed {seed}: {key} is {value}, declared is {declared}\n{text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let share = known as f64 / (known + unknown.len()) as f64;
    assert!(
        share >= 0.95,
        "{:.1} % of {known} are known, the others are not:\n{}",
        100.0 * share,
        unknown.join("\n")
    );
}

/// Seeds beside the first: a few in an ordinary run, as many as the environment says in a long one.
fn repeats() -> u64 {
    std::env::var("DISCOVER_REPEATS").map_or(2, |count| count.parse().expect("a number of seeds"))
}

#[test]
fn one_gateway_that_is_asked_again_differs_in_nothing() {
    let policy = r#"
        timeout = { per_try = "250ms", total = "3s" }
        retry = { attempts = 2, on = ["503", "timeout"], methods = ["GET", "PUT"], backoff = { base = "80ms", jitter = true } }
        breaker = { trip = { count = 6, within = "2s" }, open_for = "900ms" }
        limit = { in_flight = 24, queue = 8 }
    "#;
    let first = profile(policy, 1);
    assert_eq!(first.value("limit.in_flight"), Some(&Value::Count(24, 24)));
    let queue = first.value("limit.queue");
    assert!(matches!(queue, Some(Value::Count(low, high)) if (low..=high).contains(&&8)), "{queue:?}");
    for seed in 2..2 + repeats() {
        let found = diff(&first, &profile(policy, seed));
        let changes: Vec<String> = found.changes.iter().map(ToString::to_string).collect();
        assert!(changes.is_empty(), "seed {seed}: {changes:#?}");
    }
}

/// What the policy declares of a fact, if that is something else.
fn contradicted(policy: &Policy, key: &str, value: &Value) -> Option<String> {
    let parts: Vec<&str> = key.split('.').collect();
    match parts.as_slice() {
        ["timeout", "per_try"] => timer(policy.timeout.per_try, value),
        ["timeout", "total"] => timer(policy.timeout.total, value),
        ["retry", failure, method] if method.chars().all(char::is_uppercase) => {
            let declared = attempts(policy, failure, method);
            let agrees = match value {
                Value::Count(low, high) => *low == declared && *high == declared,
                Value::AtLeast(least) => *least <= declared,
                _ => false,
            };
            (!agrees).then(|| declared.to_string())
        }
        ["retry", "wait", number] => wait(policy, number.parse().unwrap(), value),
        ["retry", "jitter"] => {
            let backoff = policy.retry.as_ref().and_then(|retry| retry.backoff);
            let jitter = backoff.is_some_and(|backoff| backoff.jitter && backoff.base.as_millis() >= 15);
            (*value != Value::Word(if jitter { "yes" } else { "no" }.into())).then(|| format!("{jitter}"))
        }
        ["breaker", "failures"] => {
            let trip = policy.breaker.as_ref()?.trip;
            let declared = u64::from(trip.consecutive.or(trip.count)?);
            let Value::Count(low, high) = value else { return Some("a count".into()) };
            (!(low..=high).contains(&&declared)).then(|| declared.to_string())
        }
        ["breaker", "open_for"] => timer(policy.breaker.as_ref().map(|breaker| breaker.open_for), value),
        ["breaker", "open_grows"] => (*value != Value::Word("no".into())).then(|| "no".into()),
        ["breaker", "way_back"] => (*value != Value::Word("probe".into())).then(|| "probe".into()),
        ["breaker", "rule"] => {
            let trip = policy.breaker.as_ref().map(|breaker| breaker.trip);
            let declared = match trip {
                Some(trip) if trip.consecutive.is_some() => "failures in a row",
                Some(trip) if trip.count.is_some() => "failures within a time",
                Some(_) => "a share of failures within a time",
                None => "none",
            };
            (*value != Value::Word(declared.into())).then(|| declared.to_owned())
        }
        ["breaker", "share"] => {
            let declared = policy.breaker.as_ref()?.trip.share?.get();
            let Value::Share(low, high) = value else { return Some("a share".into()) };
            (!(low.get()..=high.get()).contains(&declared)).then(|| declared.to_string())
        }
        ["breaker", "window"] => {
            timer(policy.breaker.as_ref().and_then(|breaker| breaker.trip.within), value)
        }
        ["breaker", "opens_on", failure] if *failure != "clients_leaving" => {
            let declared = policy.breaker.as_ref().is_some_and(|breaker| opens_on(&breaker.fails, failure));
            (*value != Value::Word(if declared { "yes" } else { "no" }.into())).then(|| format!("{declared}"))
        }
        _ => undeclared(policy, &parts, value),
    }
}

/// What the reference gateway does of itself, or what a policy says only together with something else.
fn undeclared(policy: &Policy, parts: &[&str], value: &Value) -> Option<String> {
    match parts {
        ["breaker", "probes"] => (*value != Value::Count(1, 1)).then(|| "1".into()),
        ["breaker", "takes"] => {
            let word = "the backend that fails";
            (*value != Value::Word(word.into())).then(|| word.to_owned())
        }
        ["breaker", "requests_min"] => {
            let declared = u64::from(policy.breaker.as_ref()?.trip.min?);
            let Value::Count(low, high) = value else { return Some("a count".into()) };
            (!(low..=high).contains(&&declared)).then(|| declared.to_string())
        }
        ["breaker", "opens_on", "clients_leaving"] => {
            (*value != Value::Word("no".into())).then(|| "no".into())
        }
        ["retry", key, _] if key.starts_with("retry_after") => {
            (*value != Value::Word("ignored".into())).then(|| "ignored".into())
        }
        ["limit", _] => (!matches!(value, Value::AtLeast(_))).then(|| "none".into()),
        ["retry", "budget"] => (*value != Value::Word("none seen".into())).then(|| "none seen".into()),
        ["retry", "longest_wait", number] => {
            let backoff = policy.retry.as_ref()?.backoff?;
            let longest = backoff.base.mul_f64(backoff.factor.powi(number.parse::<i32>().unwrap() - 2));
            timer(Some(Timespan(backoff.max.map_or(longest, |max| longest.min(*max)))), value)
        }
        ["timeout", "total_over_attempts"] => (*value != Value::Word("yes".into())).then(|| "yes".into()),
        ["affinity", _] | ["affinity", _, _] => (*value != Value::Word("no".into())).then(|| "no".into()),
        ["outage", "stands_still" | "slower_afterwards"] | ["answers", "of_others"] => {
            (*value != Value::Word("no".into())).then(|| "no".into())
        }
        _ => None,
    }
}

fn timer(declared: Option<Timespan>, value: &Value) -> Option<String> {
    let agrees = match (declared, value) {
        (Some(length), Value::Time(low, high)) => (*low..=*high).contains(&length),
        (Some(length), Value::Beyond(least)) => length >= *least,
        (None, Value::Beyond(_)) => true,
        _ => false,
    };
    (!agrees).then(|| format!("{declared:?}"))
}

fn attempts(policy: &Policy, failure: &str, method: &str) -> u64 {
    let Some(retry) = &policy.retry else { return 1 };
    let on: RetryOn = if failure == "close" { RetryOn::Reset } else { failure.parse().unwrap() };
    let again = retry.on.contains(&on) && retry.methods.iter().any(|listed| listed == method);
    if again { u64::from(retry.attempts) } else { 1 }
}

fn wait(policy: &Policy, number: i32, value: &Value) -> Option<String> {
    let Value::Time(low, high) = value else { return Some("a time".into()) };
    let Some(backoff) = policy.retry.as_ref().and_then(|retry| retry.backoff) else {
        return (low.as_millis() > 0).then(|| "no wait".into());
    };
    let longest = backoff.base.mul_f64(backoff.factor.powi(number - 2));
    let longest = Timespan(backoff.max.map_or(longest, |max| longest.min(*max)));
    let agrees = if backoff.jitter {
        **high <= *longest + std::time::Duration::from_millis(10)
    } else {
        (*low..=*high).contains(&longest)
    };
    (!agrees).then(|| longest.to_string())
}

fn opens_on(fails: &[FailureClass], failure: &str) -> bool {
    let fails = if fails.is_empty() { &FailureClass::USUAL[..] } else { fails };
    match failure.parse::<u16>() {
        Ok(status) => fails.iter().any(|class| class.takes_status(status)),
        Err(_) => fails.contains(&FailureClass::One(failure.parse().unwrap())),
    }
}

/// A policy as people write them.
fn random_policy(seed: u64) -> String {
    let mut draw = Pcg64Mcg::seed_from_u64(seed);
    let per_try = draw.random_bool(0.8).then(|| draw.random_range(80..900));
    let total = draw.random_bool(0.6).then(|| draw.random_range(1_000..4_000));
    let timers = [("per_try", per_try), ("total", total)];
    let timers: Vec<String> =
        timers.iter().filter_map(|(key, ms)| Some(format!("{key} = \"{}ms\"", (*ms)?))).collect();
    let mut lines = vec![format!("timeout = {{ {} }}", timers.join(", "))];
    if draw.random_bool(0.8) {
        lines.push(random_retry(&mut draw, per_try.is_some()));
    }
    if draw.random_bool(0.7) {
        lines.push(random_breaker(&mut draw));
    }
    lines.join("\n")
}

fn random_retry(draw: &mut Pcg64Mcg, timed: bool) -> String {
    let mut some = |of: &[&'static str]| -> Vec<&'static str> {
        of.iter().copied().filter(|_| draw.random_bool(0.5)).collect()
    };
    let mut on = some(&["connect-failure", "reset", "429", "500", "502", "503", "504"]);
    let mut methods = some(&["GET", "HEAD", "POST", "PUT", "DELETE"]);
    if timed {
        on.extend(some(&["timeout"]));
    }
    on.extend(on.is_empty().then_some("503"));
    methods.extend(methods.is_empty().then_some("GET"));
    let backoff = draw.random_bool(0.5).then(|| {
        let base = draw.random_range(20..150);
        let factor = ["1.0", "2.0"].choose(draw).unwrap();
        let jitter = draw.random_bool(0.5);
        format!(", backoff = {{ base = \"{base}ms\", factor = {factor}, jitter = {jitter} }}")
    });
    let attempts = draw.random_range(2..5);
    format!(
        "retry = {{ attempts = {attempts}, on = {on:?}, methods = {methods:?}{} }}",
        backoff.unwrap_or_default()
    )
}

fn random_breaker(draw: &mut Pcg64Mcg) -> String {
    let within = draw.random_range(1..10);
    let trip = match draw.random_range(0..3) {
        0 => format!("consecutive = {}", draw.random_range(3..10)),
        1 => format!("count = {}, within = \"{within}s\"", draw.random_range(4..12)),
        _ => {
            let (share, min) = (draw.random_range(3..9), draw.random_range(5..20));
            format!("share = 0.{share}, within = \"{}s\", min = {min}", within.min(3))
        }
    };
    let fails = if draw.random_bool(0.3) { ", fails = [\"5xx\", \"429\"]" } else { "" };
    let open_for = draw.random_range(400..2_500);
    format!("breaker = {{ trip = {{ {trip} }}, open_for = \"{open_for}ms\"{fails} }}")
}
