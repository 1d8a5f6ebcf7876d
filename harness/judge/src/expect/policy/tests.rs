//! A key holds only where a gateway that breaks it would have shown.

use evidence::Method;
use measure::testing::model::{Breaking, Model, Phase};
use reports::{Finding, Verdict};

use crate::testing::{Call, Judging, Run, Try};

fn verdict_of(finding: &Finding, key: &str) -> Option<Verdict> {
    finding.policy.iter().find(|row| row.key == key).map(|row| row.verdict)
}

fn declared(text: &str) -> policy::Policy {
    toml::from_str(text).unwrap()
}

#[test]
fn attempts_hold_only_if_both_bounds_are_shown() {
    let run = Run::new().class("reads", Method::Get).backend("a").backend("b");
    let run = run.phase("steady", 1.0).phase("outage", 4.0).fault("outage", "status", &["a"]);
    let run = run.policy(declared(r#"retry = { attempts = 2, on = ["503"], methods = ["GET"] }"#));
    let call = |n: usize| Call::due("reads", 1_000.0 + 10.0 * n as f64).attempt(Try::hit("a", "status"));
    // The second attempt succeeds, so that nobody sees whether there would be a third.
    let rescued = run.clone().calls(300, |n| call(n).attempt(Try::ok("b")));
    let finding = rescued.finding("outage", "reads", "policy = { about = ['retry.attempts'] }");
    assert_eq!(verdict_of(&finding, "retry.attempts, at least"), Some(Verdict::Pass));
    assert_eq!(verdict_of(&finding, "retry.attempts, at most"), Some(Verdict::Inconclusive));
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{finding:#?}");
}

const BREAKER: &str = "breaker = { trip = { consecutive = 5 }, open_for = '2s', probes = 1 }";

fn model(fault: &'static str, share: f64) -> Run {
    let phases = vec![
        Phase("steady", 3.0, None),
        Phase("outage", 8.0, Some((fault, share))),
        Phase("recovery", 5.0, None),
    ];
    let run = Model { breaking: Breaking::correct(), ..Model::new(1, phases) }.run();
    run.policy(declared(BREAKER))
}

#[test]
fn backends_that_go_on_say_nothing_of_a_breaker_that_had_no_reason_to_open() {
    let finding = model("status", 0.0).finding("outage", "", "policy = {}");
    assert_eq!(verdict_of(&finding, "breaker.scope"), Some(Verdict::Pass), "{finding:#?}");
    assert_eq!(verdict_of(&finding, "breaker.trip"), Some(Verdict::Inconclusive));
}

#[test]
fn probes_that_are_answered_at_once_do_not_show_that_there_are_no_more() {
    let finding = model("status", 1.0).finding("outage", "", "policy = {}");
    assert_eq!(verdict_of(&finding, "breaker.trip"), Some(Verdict::Pass), "{finding:#?}");
    assert_eq!(verdict_of(&finding, "breaker.open_for"), Some(Verdict::Pass));
    assert_eq!(verdict_of(&finding, "breaker.probes"), Some(Verdict::Inconclusive));
}

#[test]
fn a_class_of_failures_is_shown_only_by_a_phase_with_failures_of_this_class() {
    let run = model("status", 1.0).policy(declared(
        "breaker = { trip = { consecutive = 5 }, fails = ['5xx', 'timeout', 'connect-failure'], open_for = '2s' }",
    ));
    let finding = run.finding("outage", "", "policy = {}");
    assert_eq!(verdict_of(&finding, "breaker.fails.5xx"), Some(Verdict::Pass), "{finding:#?}");
    assert_eq!(verdict_of(&finding, "breaker.fails.timeout"), Some(Verdict::Inconclusive));
    assert_eq!(
        verdict_of(&finding, "breaker.fails.connect-failure"),
        None,
        "a refused connection leaves no trace"
    );
}

#[test]
fn what_is_tried_again_undeclared_is_left_open_where_it_is_asked_for_and_never_came_up() {
    let run = Run::new().class("reads", Method::Get).backend("a").backend("b");
    let run = run.phase("outage", 4.0).fault("outage", "status", &["a"]);
    let run = run.policy(declared(r#"retry = { attempts = 2, on = ["503"], methods = ["GET"] }"#));
    let run = run.calls(300, |n| {
        Call::due("reads", 10.0 * n as f64).attempt(Try::hit("a", "status")).attempt(Try::ok("b"))
    });
    let of = |about: &str| run.finding("outage", "reads", &format!("policy = {{ about = ['{about}'] }}"));
    assert_eq!(verdict_of(&of("retry.on"), "retry.on, others"), Some(Verdict::Inconclusive));
    assert_eq!(verdict_of(&of("retry.on.503"), "retry.on, others"), None);
}

#[test]
fn the_status_of_shed_requests_is_judged_as_it_is_declared() {
    let run = Run::new().class("reads", Method::Get).backend("a");
    let run = run.phase("steady", 1.0).phase("outage", 4.0).fault("outage", "status", &["a"]);
    let failed = |n: usize| Call::due("reads", 1_000.0 + 10.0 * n as f64).attempt(Try::hit("a", "status"));
    let shed = |n: usize| Call::due("reads", 1_300.0 + 10.0 * n as f64).rejected(429, 1.0);
    let of = |status: u16| {
        let breaker =
            format!("breaker = {{ trip = {{ consecutive = 5 }}, open_for = '2s', shed_status = {status} }}");
        let finding = run.clone().policy(declared(&breaker)).calls(20, failed).calls(200, shed);
        let finding = finding.finding("outage", "", "policy = { about = ['breaker.shed_status'] }");
        verdict_of(&finding, "breaker.shed_status")
    };
    assert_eq!(of(429), Some(Verdict::Pass));
    assert_eq!(of(503), Some(Verdict::Fail));
}

#[test]
fn a_key_names_its_place_in_the_gateway_s_own_configuration() {
    let run = model("status", 1.0);
    let text =
        format!("{BREAKER}\nsources = {{ 'breaker' = 'a.bicep:3:1', 'breaker.trip' = 'a.bicep:4:5' }}");
    let finding = run.policy(declared(&text)).finding("outage", "", "policy = {}");
    let source = |key: &str| finding.policy.iter().find(|row| row.key == key).unwrap().source.clone();
    assert_eq!(source("breaker.trip").as_deref(), Some("a.bicep:4:5"));
    assert_eq!(source("breaker.open_for").as_deref(), Some("a.bicep:3:1"));
}
