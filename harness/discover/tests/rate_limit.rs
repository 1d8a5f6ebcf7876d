//! A rate limit is found as it was declared, and what it leaves too few requests for is not told.

mod common;

use common::site;
use discover::{Options, Profile, Value, discover};
use scenario::Overrides;

/// What is found of a policy by these questions.
fn profile(policy: &str, only: &[&str]) -> Profile {
    let head = format!("[policy]\n{policy}\n[gateway.reference]\n[backend.a]\n[backend.b]\n[backend.c]\n");
    let site = site(head, Overrides { seed: Some(5), ..Overrides::default() }, "/items/{n}");
    let only = only.iter().map(ToString::to_string).collect();
    discover(site, &Options { only }, &mut |_, _| ()).unwrap().0
}

fn of(rate_limit: &str) -> Profile {
    profile(&format!("rate_limit = {{ calls = 40, per = \"2s\"{rate_limit} }}"), &["rate-limit", "breaker"])
}

fn words(profile: &Profile) -> String {
    let facts = profile.fact.iter().filter(|(key, _)| key.starts_with("rate_limit"));
    let line = |(key, fact): (&String, &discover::Fact)| {
        format!("{key}: {}", fact.value.as_ref().map_or("?".into(), ToString::to_string))
    };
    facts.map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_window_lets_many_through_at_once_and_a_bucket_one_by_one() {
    insta::assert_snapshot!(words(&of(", retry_after = true")), @r"
    rate_limit.at_once: 40
    rate_limit.burst: 40
    rate_limit.every: 2 s to 2.01 s
    rate_limit.further: many at once
    rate_limit.retry_after: yes
    rate_limit.turned_away: 429
    ");
    insta::assert_snapshot!(words(&of(", window = \"bucket\", status = 503")), @r"
    rate_limit.burst: 42
    rate_limit.further: one by one
    rate_limit.per_second: 19 to 21
    rate_limit.retry_after: no
    rate_limit.turned_away: 503
    ");
}

#[test]
fn what_is_turned_away_by_a_rate_limit_is_not_taken_for_a_breaker() {
    let found = of("");
    assert!(found.fact["breaker"].unknown.is_some(), "{}", found.write());
    assert_eq!(found.value("breaker.opens_on.503"), None);
}

#[test]
fn a_limit_of_what_is_under_way_is_no_rate_limit() {
    let found = profile("limit = { in_flight = 4 }", &["rate-limit"]);
    assert!(!matches!(found.value("rate_limit.burst"), Some(Value::Count(..))), "{}", found.write());
}

#[test]
fn a_gateway_without_one_lets_all_through() {
    insta::assert_snapshot!(words(&profile("", &["rate-limit"])), @"rate_limit.burst: 1200 or more");
}
