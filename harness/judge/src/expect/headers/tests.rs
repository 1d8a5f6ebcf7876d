//! Findings on made ledgers.

use evidence::Method;
use insta::assert_snapshot;
use reports::Verdict;
use rstest::rstest;

use crate::forecast::Forecast;
use crate::testing::{Call, Judging, Run, Try, foreseen};

const NAMES: [&str; 8] =
    ["x-request-id", "x-forwarded-for", "via", "cache-control", "connection", "x-hop", "te", "set-cookie"];

fn steady() -> Run {
    let run = Run::new().phase("steady", 10.0).backend("a").backend("b").class("reads", Method::Get);
    run.records(&NAMES)
}

fn call(n: usize) -> Call {
    Call::due("reads", 100.0 + n as f64)
        .sends("x-request-id", &format!("id-{n}"))
        .sends("x-forwarded-for", "203.0.113.7")
}

/// As a correct gateway makes of it.
fn arrived(backend: &str) -> Try {
    Try::ok(backend)
        .gets("x-forwarded-for", Some("127.0.0.1"))
        .gets("via", Some("1.1 gateway"))
        .answers("cache-control", "no-store")
}

fn correct(n: usize) -> Call {
    call(n).attempt(arrived("a"))
}

const DEMAND: &str = "headers = { requests = { forwarded = [\"x-request-id\"], replaced = [\"X-Forwarded-For\"], appended = [\"via\"] }, answers = { forwarded = [\"cache-control\"] }, path_unchanged = true }";

#[test]
fn a_gateway_that_does_with_each_header_as_it_is_to_passes() {
    let finding = steady().calls(20, correct).finding("steady", "reads", DEMAND);
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    assert_snapshot!(finding.observed, @"`x-request-id`: 20 forwarded as it was sent; `X-Forwarded-For`: 20 replaced by another value; `via`: 20 added by the gateway; `cache-control`: 20 forwarded as it was sent; the path with its query: 20 forwarded as it was sent");
}

#[rstest]
#[case::lost(arrived("a").gets("x-request-id", None))]
#[case::changed(arrived("a").gets("x-request-id", Some("another")))]
#[case::trusted(arrived("a").gets("x-forwarded-for", Some("203.0.113.7, 127.0.0.1")))]
#[case::unnamed(arrived("a").gets("via", None))]
#[case::rewritten(arrived("a").path("/orders"))]
fn one_attempt_that_has_it_otherwise_is_caught(#[case] wrong: Try) {
    let run = steady().calls(20, correct).call(call(500).attempt(wrong));
    let finding = run.finding("steady", "reads", DEMAND);
    assert_eq!(finding.verdict, Verdict::Fail, "{}", finding.because);
    assert_eq!(finding.witnesses.len(), 1);
}

#[test]
fn a_header_that_is_lost_on_the_way_back_is_caught() {
    let run = steady().calls(20, correct).call(correct(500).got("cache-control", None));
    let finding = run.finding("steady", "reads", DEMAND);
    assert_eq!(finding.verdict, Verdict::Fail);
    assert_snapshot!(finding.summary, @"`cache-control` was not forwarded as it was sent in 1 of 21 answers");
}

#[test]
fn a_header_that_must_not_arrive_is_caught_where_it_does() {
    let demand = "headers = { requests = { removed = [\"x-request-id\"] } }";
    let removed = |n| call(n).attempt(Try::ok("a").gets("x-request-id", None));
    let run = steady().calls(20, removed);
    assert_eq!(run.finding("steady", "reads", demand).verdict, Verdict::Pass);
    let run = run.call(call(500).attempt(Try::ok("a")));
    assert_eq!(run.finding("steady", "reads", demand).verdict, Verdict::Fail);
}

#[test]
fn what_was_never_sent_shows_nothing() {
    let bare = |n: usize| Call::due("reads", 100.0 + n as f64).attempt(Try::ok("a"));
    for rule in ["forwarded", "removed", "replaced"] {
        let demand = format!("headers = {{ requests = {{ {rule} = [\"x-request-id\"] }} }}");
        let finding = steady().calls(300, bare).finding("steady", "reads", &demand);
        assert_eq!(finding.verdict, Verdict::Inconclusive, "{rule}");
    }
}

#[test]
fn messages_that_are_not_on_record_are_set_aside_and_prove_nothing() {
    let mut run =
        Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get).calls(300, correct);
    let demand = "headers = { path_unchanged = true }";
    let finding = run.finding("steady", "reads", demand);
    assert_eq!((finding.verdict, finding.exposures), (Verdict::Inconclusive, 0));
    assert_eq!(finding.set_aside[0].count, 300);
    run = run.records(&[]);
    assert_eq!(run.finding("steady", "reads", demand).verdict, Verdict::Pass);
}

#[test]
fn of_a_hashed_value_it_is_not_told_what_was_appended() {
    let demand = "headers = { answers = { replaced = [\"set-cookie\"] } }";
    let with = |got: &'static str| {
        move |n| call(n).attempt(Try::ok("a").answers("set-cookie", "a=1")).got("set-cookie", Some(got))
    };
    let finding = steady().calls(300, with("a=1, b=2")).finding("steady", "reads", demand);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "it may have been appended to");
    let finding = steady().calls(300, with("b=2")).finding("steady", "reads", demand);
    assert_eq!(finding.verdict, Verdict::Pass);
}

#[test]
fn a_header_of_one_connection_that_is_passed_on_is_caught() {
    let demand = "headers = { hop_by_hop = true }";
    let hop = |n| call(n).sends("connection", "X-Hop").sends("x-hop", "1").sends("te", "trailers");
    let left = |n| hop(n).attempt(Try::ok("a").gets("connection", None).gets("x-hop", None).gets("te", None));
    let run = steady().calls(20, left);
    let finding = run.finding("steady", "reads", demand);
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    let passed_on = [
        Try::ok("a").gets("connection", None).gets("te", None),
        Try::ok("a").gets("connection", None).gets("x-hop", None),
        // That the gateway passes `connection` on as well is no excuse.
        Try::ok("a").gets("te", None),
    ];
    for attempt in passed_on {
        let finding = run.clone().call(hop(500).attempt(attempt)).finding("steady", "reads", demand);
        assert_eq!(finding.verdict, Verdict::Fail);
    }
    let own = Try::ok("a").gets("connection", Some("te")).gets("x-hop", None);
    let finding = run.clone().call(hop(500).attempt(own)).finding("steady", "reads", demand);
    assert_eq!(finding.verdict, Verdict::Pass, "the gateway names `te` for its own connection");
    let finding = steady().calls(300, correct).finding("steady", "reads", demand);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "nothing of one connection was sent");
}

fn outage() -> Run {
    let run = Run::new().phase("outage", 10.0).backend("a").backend("b").class("reads", Method::Get);
    run.fault("outage", "status", &["a"]).records(&NAMES)
}

const FURTHER: &str =
    "headers = { requests = { forwarded = [\"x-request-id\"] }, path_unchanged = true, further = true }";

#[test]
fn a_further_attempt_is_held_to_the_same_and_must_have_been_seen() {
    let retried = |n| call(n).attempt(Try::hit("a", "status")).attempt(Try::ok("b"));
    let run = outage().calls(20, retried);
    let finding = run.finding("outage", "reads", FURTHER);
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    let lost = Try::ok("b").gets("x-request-id", None);
    let wrong = call(500).attempt(Try::hit("a", "status")).attempt(lost);
    assert_eq!(run.call(wrong).finding("outage", "reads", FURTHER).verdict, Verdict::Fail);
    let once = outage().calls(300, |n| call(n).attempt(Try::hit("a", "status")));
    let finding = once.finding("outage", "reads", FURTHER);
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert_snapshot!(finding.remedy.unwrap_or_default(), @"plan a fault after which the gateway makes 10 more further attempts with `x-request-id`; plan a fault after which the gateway makes 10 more further attempts with the path with its query");
}

#[test]
fn what_no_traffic_sends_is_told_before_the_run() {
    let cannot = |demand: &str| {
        let foreseen = foreseen(&steady().calls(300, correct), "steady", "reads", demand);
        foreseen.into_iter().filter(|one| matches!(one, Forecast::CannotPass(_))).count()
    };
    assert_eq!(cannot(DEMAND), 3, "neither of the two headers is sent, nor is the answer's");
    assert_eq!(cannot("headers = { hop_by_hop = true }"), 1);
    assert_eq!(
        cannot(
            "headers = { requests = { forwarded = [\"traceparent\"] }, answers = { forwarded = [\"content-type\"] } }"
        ),
        0
    );
}

#[rstest]
#[case("{}")]
#[case("{ further = true, answers = { forwarded = [\"a\"] } }")]
#[case("{ requests = { forwarded = [\"A\"], removed = [\"a\"] } }")]
#[case("{ requests = { appended = [\"cookie\"] } }")]
fn demands_that_make_no_sense_are_refused(#[case] settings: &str) {
    let settings = crate::testing::settings(&format!("headers = {settings}")).unwrap();
    assert!(settings.contract().problem().is_some());
}
