//! Rules for requests on made ledgers: each is failed by what breaks it, and by nothing else.

use evidence::Method;
use reports::{Finding, Verdict};
use rstest::rstest;

use crate::testing::{Call, Judging, Run, Try};

const POLICY: &str = r#"
retry = { attempts = 2, on = ["503"], methods = ["GET"] }
request_headers = { set = { x-plan = "gold" }, append = { x-trail = "edge" }, remove = ["x-debug"] }
credentials = { a = { header = { x-key = "of-a" } }, b = { header = { x-key = "of-b" } } }
"#;

fn run() -> Run {
    let run = Run::new().class("reads", Method::Get).backend("a").backend("b");
    let run = run.phase("outage", 4.0).fault("outage", "status", &["a"]);
    run.policy(toml::from_str(POLICY).unwrap()).records(&["x-plan", "x-trail", "x-debug", "x-key"])
}

/// An attempt as a correct gateway makes it.
fn correct(attempt: Try, key: &str) -> Try {
    let attempt = attempt.gets("x-plan", Some("gold")).gets("x-trail", Some("app, edge"));
    attempt.gets("x-debug", None).gets("x-key", Some(key))
}

fn call(n: usize) -> Call {
    let call = Call::due("reads", 10.0 * n as f64).sends("x-trail", "app").sends("x-debug", "1");
    call.attempt(correct(Try::hit("a", "status"), "of-a"))
}

fn rescued(n: usize) -> Call {
    call(n).attempt(correct(Try::ok("b"), "of-b"))
}

const ABOUT: &str = "policy = { about = ['request_headers', 'credentials'] }";

fn failed(finding: &Finding) -> Vec<&str> {
    let rows = finding.policy.iter().filter(|row| row.verdict == Verdict::Fail);
    rows.map(|row| row.key.as_str()).collect()
}

#[test]
fn rules_that_hold_on_every_attempt_pass() {
    let finding = run().calls(40, rescued).finding("outage", "reads", ABOUT);
    let mut keys: Vec<&str> = finding.policy.iter().map(|row| row.key.as_str()).collect();
    keys.sort_unstable();
    let expected = [
        "credentials, further attempts",
        "credentials.a",
        "credentials.a, nowhere else",
        "credentials.b",
        "credentials.b, nowhere else",
        "request_headers.append.x-trail",
        "request_headers.append.x-trail, further attempts",
        "request_headers.remove.x-debug",
        "request_headers.remove.x-debug, further attempts",
        "request_headers.set.x-plan",
        "request_headers.set.x-plan, further attempts",
    ];
    assert_eq!(keys, expected);
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
}

#[rstest]
#[case::not_set(correct(Try::ok("b"), "of-b").gets("x-plan", None), &["request_headers.set.x-plan, further attempts"])]
#[case::another_value(correct(Try::ok("b"), "of-b").gets("x-plan", Some("trial")), &["request_headers.set.x-plan, further attempts"])]
#[case::twice(correct(Try::ok("b"), "of-b").gets("x-trail", Some("app, edge, edge")), &["request_headers.append.x-trail, further attempts"])]
#[case::replaced(correct(Try::ok("b"), "of-b").gets("x-trail", Some("edge")), &["request_headers.append.x-trail, further attempts"])]
#[case::kept(correct(Try::ok("b"), "of-b").gets("x-debug", Some("1")), &["request_headers.remove.x-debug, further attempts"])]
#[case::no_credential(correct(Try::ok("b"), "of-b").gets("x-key", None), &["credentials, further attempts", "credentials.b"])]
#[case::another_s(correct(Try::ok("b"), "of-a"), &["credentials, further attempts", "credentials.a, nowhere else", "credentials.b"])]
fn one_further_attempt_without_a_rule_is_caught(#[case] second: Try, #[case] keys: &[&str]) {
    let finding = run().calls(40, rescued).call(call(390).attempt(second)).finding("outage", "reads", ABOUT);
    let mut found = failed(&finding);
    found.sort_unstable();
    assert_eq!(found, keys, "{}", finding.because);
    assert!(!finding.witnesses.is_empty());
}

#[test]
fn without_further_attempts_nothing_is_told_of_them() {
    let first = |n: usize| Call::due("reads", 10.0 * n as f64).sends("x-trail", "app").sends("x-debug", "1");
    let first = |n: usize| first(n).attempt(correct(Try::ok("b"), "of-b"));
    let finding = run().calls(40, first).finding(
        "outage",
        "reads",
        "policy = { about = ['request_headers.set.x-plan'] }",
    );
    let rows: Vec<(&str, Verdict)> =
        finding.policy.iter().map(|row| (row.key.as_str(), row.verdict)).collect();
    assert_eq!(
        rows,
        [
            ("request_headers.set.x-plan", Verdict::Pass),
            ("request_headers.set.x-plan, further attempts", Verdict::Inconclusive)
        ]
    );
}

#[test]
fn rules_show_themselves_without_a_fault() {
    let policy = "request_headers = { set = { x-plan = 'gold' } }";
    let run = || {
        let run = Run::new().class("reads", Method::Get).backend("a").phase("calm", 4.0);
        run.policy(toml::from_str(policy).unwrap()).records(&["x-plan"])
    };
    let of = |plan: Option<&'static str>| {
        let call = |n: usize| Call::due("reads", 10.0 * n as f64);
        let run = run().calls(40, |n| call(n).attempt(Try::ok("a").gets("x-plan", Some("gold"))));
        let run = run.call(call(40).attempt(Try::ok("a").gets("x-plan", plan)));
        run.finding("calm", "reads", "policy = { about = ['request_headers'] }")
    };
    let (kept, broken) = (of(Some("gold")), of(None));
    assert_eq!(kept.verdict, Verdict::Pass, "{}", kept.because);
    assert_eq!(failed(&broken), ["request_headers.set.x-plan"]);
    let needs = |words: &str| crate::testing::settings(words).unwrap().contract().needs_fault();
    assert!(!needs("policy = { about = ['request_headers.set.x-plan', 'affinity.by'] }"));
    assert!(needs("policy = { about = ['request_headers', 'retry'] }") && needs("policy = {}"));
}

#[test]
fn headers_that_are_not_on_record_prove_nothing() {
    let finding = run().records(&[]).calls(40, rescued).finding("outage", "reads", ABOUT);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.because);
}

#[test]
fn a_name_of_the_scenario_s_own_is_a_key() {
    let problem = |about: &str| {
        let settings = crate::testing::settings(&format!("policy = {{ about = ['{about}'] }}")).unwrap();
        settings.contract().problem()
    };
    for known in ["request_headers", "request_headers.set.x-plan", "credentials.orders", "credentials"] {
        assert_eq!(problem(known), None, "{known}");
    }
    for unknown in ["request_headers.put.x-plan", "credentials.", "credential"] {
        assert!(problem(unknown).is_some(), "{unknown}");
    }
}
