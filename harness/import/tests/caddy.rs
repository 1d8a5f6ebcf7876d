//! Configurations of Caddy, from its JSON to a scenario.

mod common;

use common::{choices, imported, refused};
use import::{Choices, Import};
use policy::{FailureClass, RetryOn};

const CADDYFILE: &str = include_str!("Caddyfile");

/// What `caddy adapt --pretty` prints for it.
const SHOP: &str = include_str!("caddy.json");

/// A handler with these settings beside its two upstreams, and what is told of it.
fn proxy(settings: &str) -> (Import, String) {
    handler(&format!(
        r#"{{ "handler": "reverse_proxy", "upstreams": [{{ "dial": "10.0.0.1:80" }}, {{ "dial": "10.0.0.2:80" }}] {settings} }}"#
    ))
}

fn handler(handler: &str) -> (Import, String) {
    imported(&[("a.json", &config(handler))], &Choices::default())
}

fn config(handler: &str) -> String {
    format!(
        r#"{{ "apps": {{ "http": {{ "servers": {{ "srv0": {{ "routes": [{{ "handle": [{handler}] }}] }} }} }} }} }}"#
    )
}

fn own(import: &Import) -> &str {
    &import.own.as_ref().unwrap().text
}

#[test]
fn a_reverse_proxy_becomes_a_scenario_with_the_place_of_each_line() {
    let files = [("caddy.json", SHOP), ("Caddyfile", CADDYFILE)];
    let (_, shown) = imported(&files, &choices(&[], Some("shop.example/orders/*")));
    insta::assert_snapshot!(shown);
}

#[test]
fn what_was_understood_is_copied_with_the_addresses_of_a_run() {
    let (import, _) = imported(&[("caddy.json", SHOP)], &choices(&[], Some("10.0.0.11:8080")));
    insta::assert_snapshot!(own(&import));
}

#[test]
fn a_caddyfile_alone_is_refused_with_the_command_that_makes_json_of_it() {
    insta::assert_snapshot!(refused(&[("conf/Caddyfile", CADDYFILE)], &Choices::default()), @"
    conf/Caddyfile: a Caddyfile is read as the JSON that Caddy makes of it
    help: `caddy adapt --pretty --config conf/Caddyfile > caddy.json`, and name both files: caddy.json, and conf/Caddyfile for the places
    ");
}

#[test]
fn which_proxy_it_is_about_is_asked_for_where_there_are_several() {
    insta::assert_snapshot!(refused(&[("a.json", SHOP)], &Choices::default()), @"
    a scenario is about one `reverse_proxy`, and there are shop.example/billing/*, shop.example/orders/*
    help: name one by its host and path, its server or an upstream: `--backend NAME`
    ");
    insta::assert_snapshot!(refused(&[("a.json", SHOP)], &choices(&[], Some("shop"))), @"
    no `reverse_proxy` is that of `shop`
    help: there are shop.example/billing/*, shop.example/orders/*
    ");
}

#[test]
fn connections_that_fail_are_tried_again_for_all_and_the_rest_for_gets_where_nothing_is_said() {
    let (import, shown) = proxy(r#", "load_balancing": { "retries": 2 }"#);
    let retry = import.policy.retry.unwrap();
    assert_eq!((retry.attempts, retry.methods.as_slice(), retry.backoff), (3, &["GET".to_owned()][..], None));
    assert_eq!(retry.on, [RetryOn::ConnectFailure, RetryOn::Reset, RetryOn::Timeout]);
    assert!(!retry.other_backend && shown.contains("which may be the one that has just failed"), "{shown}");
    let (import, _) = proxy(
        r#", "load_balancing": { "retries": 2, "try_duration": "5s" }, "health_checks": { "passive": { "fail_duration": "5s" } }"#,
    );
    let retry = import.policy.retry.unwrap();
    assert_eq!((retry.other_backend, retry.backoff.unwrap().base.as_millis()), (true, 250));
}

#[test]
fn attempts_that_only_time_limits_are_not_rehearsed() {
    let (import, shown) = proxy(r#", "load_balancing": { "try_duration": 5000000000 }"#);
    assert!(import.policy.retry.is_none() && shown.contains("limited by time only (5 s)"), "{shown}");
}

#[test]
fn checks_are_rehearsed_where_nothing_else_takes_upstreams_out() {
    let of = |passive: &str| {
        proxy(&format!(
            r#", "health_checks": {{ "active": {{ "uri": "/healthz", "interval": "7s", "fails": 3 }} {passive} }}"#
        ))
    };
    let (import, _) = of("");
    assert!(own(&import).contains("\"uri\": \"/healthz\""));
    let check = import.policy.health_check.unwrap();
    assert_eq!(check.to_string(), "/healthz every 7 s, out after 3, back after 1");
    let (import, shown) = of(r#", "passive": { "fail_duration": "5s" }"#);
    assert!(import.policy.health_check.is_none() && !own(&import).contains("healthz"), "{shown}");
    assert!(shown.contains("these checks are not rehearsed"), "{shown}");
}

#[test]
fn a_breaker_of_several_failures_has_no_words_and_is_not_in_the_copy() {
    let of = |most: &str| {
        proxy(&format!(
            r#", "health_checks": {{ "passive": {{ "fail_duration": "7s", "unhealthy_status": [5, 429] {most} }} }}"#
        ))
    };
    for most in ["", r#", "max_fails": 1"#] {
        let (import, _) = of(most);
        assert!(own(&import).contains("fail_duration"));
        let breaker = import.policy.breaker.unwrap();
        assert_eq!((breaker.trip.consecutive, breaker.open_for.as_secs()), (Some(1), 7));
        assert!(breaker.fails.contains(&FailureClass::Statuses(5)));
        assert!(breaker.fails.contains(&FailureClass::One(RetryOn::Status(429))));
    }
    let (import, shown) = of(r#", "max_fails": 3"#);
    assert!(
        import.policy.breaker.is_none() && shown.contains("with 3 of them the time out of use"),
        "{shown}"
    );
    assert!(!own(&import).contains("fail_duration"));
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let (_, shown) = proxy(
        r#",
        "nonsense": 1,
        "flush_interval": -1,
        "circuit_breaker": { "type": "simple" },
        "load_balancing": {
            "selection_policy": { "policy": "cookie", "name": "lb" },
            "retries": "many",
            "try_duration": "soon",
            "retry_match": [{ "path": ["/a"] }]
        },
        "health_checks": {
            "active": { "uri": "/healthz", "interval": "1s", "timeout": "9s", "expect_body": "ok", "speed": 9 },
            "passive": { "unhealthy_latency": "1s", "unhealthy_status": [200] }
        },
        "transport": { "protocol": "http", "tls": {}, "max_conns_per_host": 5 }"#,
    );
    let (_, told) = shown.split_once("\nLint").unwrap();
    insta::assert_snapshot!(format!("Lint{told}"));
}

#[test]
fn what_can_not_be_read_is_refused_at_its_place() {
    let empty = config(r#"{ "handler": "reverse_proxy", "upstreams": [] }"#);
    let fastcgi = config(
        r#"{ "handler": "reverse_proxy", "upstreams": [{ "dial": "a:1" }], "transport": { "protocol": "fastcgi" } }"#,
    );
    let open = "{ \"apps\": \"http\" \"servers\"";
    let deep = format!("{{\"apps\": {{ \"http\": \"servers\" }}, \"a\": {}", "[".repeat(100_000));
    let none = config(r#"{ "handler": "static_response" }"#);
    for (text, words) in [
        (empty.as_str(), "no upstream of this `reverse_proxy` is known"),
        (&fastcgi, "the transport is `fastcgi`"),
        (open, "a.json:1:"),
        (&deep, "brackets lie too deep in each other"),
        (&none, "no route with a `reverse_proxy` was found"),
    ] {
        let said = refused(&[("a.json", text)], &Choices::default());
        assert!(said.contains(words), "{said}");
    }
    let said = refused(&[("a.json", SHOP)], &choices(&[("X", "1")], Some("srv0")));
    assert!(said.contains("nothing asks for the value of `X`"), "{said}");
}

#[test]
fn the_copy_reaches_no_file_no_program_and_no_other_host() {
    let (import, _) = proxy(
        r#", "dynamic_upstreams": { "source": "srv", "name": "evil.example" }, "load_balancing": { "retries": 1,
        "retry_match": [{ "method": ["GET"], "file": { "root": "/etc" } }], "selection_policy": { "policy": "evil" } },
        "transport": { "protocol": "http", "tls": { "ca": "/etc/passwd" }, "network_proxy": { "from": "url", "url": "http://10.0.0.9" },
        "local_address": "10.0.0.9", "dial_timeout": "{env.SECRET}" }, "health_checks": { "active": { "uri": "/{{env.SECRET}}" } },
        "handle_response": [{ "routes": [] }]"#,
    );
    insta::assert_snapshot!(own(&import));
}
