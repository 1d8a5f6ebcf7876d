//! The gateway's own metrics: where they are, who needs them, and what another gateway has in place of them.

use std::path::Path;

use crate::common::{SOUND, said_of, said_with, with};
use brownout_scenario::{Overrides, describe, load_text};

/// The sound scenario with settings of the gateway, and an expectation in place of its own.
fn telling(gateway: &str, expectation: &str) -> String {
    let text = with("[gateway.reference]", gateway).replace("attempts = { min = 2 }", expectation);
    // Not every gateway has it.
    text.replace(", total = \"2s\"", "").replace("traffic = \"reads\"\n", "")
}

const AGREES: &str = "agrees = { requests = \"hits_total{route=\\\"a\\\"}\" }";

#[test]
fn what_is_kept_is_what_counters_and_expectations_and_the_scenario_name() {
    let text = telling("[gateway.haproxy]\nmetrics = { keep = [\"haproxy_server_status\"] }", AGREES);
    let loaded = load_text("orders.toml", &text, Path::new("."), &Overrides::default());
    let metrics = loaded.unwrap_or_else(|failure| panic!("{failure}")).plan.brief.metrics.unwrap();
    insta::assert_snapshot!(metrics.kept.join("\n"), @r"
    haproxy_backend_retry_warnings_total
    haproxy_frontend_http_requests_total
    haproxy_frontend_http_responses_total
    haproxy_server_status
    hits_total
    ");
    assert!(!metrics.shared && metrics.late == units::Timespan::from_millis(100));
}

#[test]
fn an_expectation_that_needs_them_is_refused_where_nobody_asks_for_them() {
    insta::assert_snapshot!(said_of(&telling("[gateway.envoy]", AGREES)));
}

#[test]
fn a_gateway_without_a_page_is_refused_and_one_whose_page_is_named_is_not() {
    insta::assert_snapshot!(said_of(&telling("[gateway.nginx]\nmetrics = {}", AGREES)));
    let named = "[gateway.nginx]\nmetrics = { url = \"http://127.0.0.1:9113/metrics\" }";
    assert_eq!(said_of(&telling(named, AGREES)), "");
    let both = "[gateway.nginx]\nmetrics = { url = \"http://127.0.0.1:9113/metrics\", path = \"/metrics\" }";
    assert!(said_of(&telling(both, AGREES)).contains("remove one of them"));
}

#[test]
fn another_gateway_tells_its_own_in_their_place() {
    let other = |kind: &str| Overrides { gateway: Some(kind.to_owned()), ..Overrides::default() };
    let text = telling("[gateway.reference]\nmetrics = {}", "agrees = {}");
    assert_eq!(said_with(&text, &other("envoy")), "");
    assert!(said_with(&text, &other("nginx")).contains("`gateway.nginx.metrics` can't be used"));
    // A page of its own says nothing of where another gateway has one.
    let placed = telling("[gateway.envoy]\nmetrics = { path = \"/metrics\" }", "agrees = {}");
    assert!(said_with(&placed, &other("haproxy")).contains("needs the gateway's own metrics"));
    assert!(!SOUND.contains("metrics"));
}

#[test]
fn a_plan_says_where_they_are_scraped_and_never_a_secret() {
    let said = |gateway: &str| {
        let loaded =
            load_text("orders.toml", &telling(gateway, AGREES), Path::new("."), &Overrides::default());
        let facts = describe(&loaded.unwrap_or_else(|failure| panic!("{failure}")).plan).facts;
        facts.into_iter().find_map(|(key, said)| (key == "metrics").then_some(said)).unwrap()
    };
    let elsewhere = "[gateway.nginx.metrics]\nurl = \"http://127.0.0.1:9113/metrics\"\n\
                     headers = { authorization = \"Bearer {{env.TOKEN}}\" }";
    let page = "[gateway.nginx]\nmetrics = { path = \"/stats\" }";
    let all = ["[gateway.reference]\nmetrics = {}", elsewhere, page].map(said);
    insta::assert_snapshot!(all.join("\n"));
}
