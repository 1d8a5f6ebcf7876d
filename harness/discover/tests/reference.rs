//! What is discovered of the reference gateway is what it was configured to do, and the same when it is asked again.

mod common;

use common::site;
use discover::{Options, Profile, Value, diff, discover};
use scenario::Overrides;

fn profile(policy: &str, seed: u64) -> Profile {
    let head = format!("[policy]\n{policy}\n[gateway.reference]\n[backend.a]\n[backend.b]\n[backend.c]\n");
    let site = site(head, Overrides { seed: Some(seed), ..Overrides::default() }, "/items/{n}");
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

/// Whether it is tried elsewhere, and how long it waits before, is known when connects are asked about.
const CONNECTS: [&str; 5] = ["timers", "retries", "limits", "refusals", "connect"];

fn timer(policy: &str, key: &str) -> Option<Value> {
    let head = format!("[policy]\n{policy}\n[gateway.reference]\n[backend.a]\n[backend.b]\n[backend.c]\n");
    let site = site(head, Overrides { seed: Some(5), ..Overrides::default() }, "/items/{n}");
    let options = Options { only: CONNECTS.map(String::from).to_vec() };
    discover(site, &options, &mut |_, _| ()).unwrap().0.value(key).cloned()
}

/// True if a time lies between bounds that are near to each other.
fn is_about(value: Option<&Value>, millis: u128) -> bool {
    matches!(value, Some(Value::Time(low, high))
        if low.as_millis() <= millis && millis <= high.as_millis() && high.as_millis() - low.as_millis() <= 60)
}

#[test]
fn a_connect_that_nobody_answers_is_timed_by_what_fails_or_comes_late_elsewhere() {
    for policy in [
        r#"timeout = { connect = "400ms", per_try = "900ms" }"#,
        r#"
        timeout = { connect = "400ms" }
        retry = { attempts = 2, on = ["503", "connect-failure"], methods = ["GET"], backoff = { base = "150ms" } }
        "#,
    ] {
        let found = timer(policy, "timeout.connect");
        assert!(is_about(found.as_ref(), 400), "{policy}: {found:?}");
    }
    // One that is as long as what is looked for, and one that another timer hides.
    for (policy, least) in [(r#"timeout = { connect = "9s" }"#, 4), (r#"timeout = { total = "2s" }"#, 1)] {
        let found = timer(policy, "timeout.connect");
        assert!(
            matches!(&found, Some(Value::Beyond(length)) if length.as_secs() >= least),
            "{policy}: {found:?}"
        );
    }
}

#[test]
fn an_upload_that_is_read_slowly_is_given_up_by_the_timer_of_an_attempt_if_there_is_one() {
    let found = timer(r#"timeout = { per_try = "700ms" }"#, "timeout.upload");
    assert!(is_about(found.as_ref(), 700), "{found:?}");
    let found = timer("", "timeout.upload");
    assert!(matches!(found, Some(Value::Beyond(_))), "{found:?}");
}
