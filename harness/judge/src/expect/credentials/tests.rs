//! Findings on made ledgers.

use evidence::{Disclosed, Method};
use insta::assert_snapshot;
use reports::Verdict;
use rstest::rstest;

use crate::forecast::Forecast;
use crate::testing::{Call, Judging, Run, Try, foreseen};

fn steady() -> Run {
    let run =
        Run::new().phase("steady", 10.0).backend("orders").backend("images").class("reads", Method::Get);
    run.records(&["authorization"])
}

fn call(n: usize) -> Call {
    Call::due("reads", 100.0 + n as f64).sends("authorization", &format!("Bearer {n}"))
}

/// As a correct gateway makes of it: the first backend gets the credential, the second does not.
fn correct(n: usize) -> Call {
    let withheld = Try::ok("images").gets("authorization", None);
    call(n).attempt(if n.is_multiple_of(2) { Try::ok("orders") } else { withheld })
}

const DEMAND: &str = "credentials = { to = [\"orders\"], never = [\"images\"] }";

#[test]
fn credentials_that_reach_whom_they_are_for_pass() {
    let finding = steady().calls(40, correct).finding("steady", "reads", DEMAND);
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    assert_snapshot!(finding.observed, @"0 of 40 attempts with the `authorization` of another request; 0 of 20 attempts at `orders` without the client's `authorization`; 0 of 20 attempts at `images` with the client's `authorization`");
}

#[rstest]
#[case::where_it_must_not_be(Try::ok("images"))]
#[case::not_where_it_is_for(Try::ok("orders").gets("authorization", None))]
#[case::another_one(Try::ok("orders").gets("authorization", Some("Basic gateway")))]
#[case::that_of_another_request(Try::ok("orders").gets("authorization", Some("Bearer 1")))]
fn one_credential_in_the_wrong_place_is_caught(#[case] wrong: Try) {
    let finding =
        steady().calls(40, correct).call(call(500).attempt(wrong)).finding("steady", "reads", DEMAND);
    assert_eq!(finding.verdict, Verdict::Fail, "{}", finding.because);
    assert!(!finding.witnesses.is_empty());
}

#[test]
fn a_credential_of_another_request_is_caught_without_any_setting() {
    let run = steady().calls(40, correct);
    assert_eq!(run.finding("steady", "reads", "credentials = {}").verdict, Verdict::Pass);
    let mixed = call(500).attempt(Try::ok("orders").gets("authorization", Some("Bearer 2")));
    let finding = run.call(mixed).finding("steady", "reads", "credentials = {}");
    assert_eq!(finding.verdict, Verdict::Fail);
    assert_snapshot!(finding.summary, @"1 attempt had the `authorization` of another request");
}

#[test]
fn credentials_that_are_all_the_same_can_not_be_told_apart() {
    let same = |n: usize| {
        Call::due("reads", 100.0 + n as f64).sends("authorization", "Bearer x").attempt(Try::ok("orders"))
    };
    let finding = steady().calls(300, same).finding("steady", "reads", "credentials = {}");
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert_snapshot!(finding.remedy.unwrap_or_default(), @"let requests send different values of `authorization`: put `{n}` or `{uuid}` into it");
}

#[test]
fn a_backend_that_no_request_reached_proves_nothing() {
    let finding =
        steady().calls(300, |n| call(n).attempt(Try::ok("orders"))).finding("steady", "reads", DEMAND);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.because);
}

fn failed(disclosed: Disclosed) -> impl Fn(usize) -> Call {
    move |n| call(n).rejected(502, 1.0).row(move |exchange| exchange.disclosed = disclosed)
}

const BODIES: &str = "credentials = { error_bodies = true }";

#[test]
fn an_error_that_tells_what_is_inside_is_caught() {
    let run = steady().calls(20, failed(Disclosed::Nothing));
    let finding = run.finding("steady", "reads", BODIES);
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    for disclosed in [Disclosed::Credential, Disclosed::Address] {
        let finding = run.clone().call(failed(disclosed)(500)).finding("steady", "reads", BODIES);
        assert_eq!(finding.verdict, Verdict::Fail);
        assert_eq!(finding.witnesses.len(), 1);
    }
}

#[test]
fn errors_that_nobody_searched_prove_nothing() {
    let finding = steady().calls(300, failed(Disclosed::Unknown)).finding("steady", "reads", BODIES);
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    let of_backend =
        |n| call(n).attempt(Try::ok("orders").status(500)).row(|one| one.disclosed = Disclosed::Nothing);
    let finding = steady().calls(300, of_backend).finding("steady", "reads", BODIES);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "what backends say themselves is not the gateway's");
}

#[test]
fn what_no_traffic_sends_and_what_no_fault_brings_about_is_told_before_the_run() {
    let run = steady().calls(300, correct);
    let demand = "credentials = { header = \"cookie\", error_bodies = true }";
    let foreseen = foreseen(&run, "steady", "reads", demand);
    assert_eq!(
        foreseen.iter().filter(|one| matches!(one, Forecast::CannotPass(_))).count(),
        2,
        "{foreseen:?}"
    );
}

#[test]
fn a_backend_can_not_be_named_both_ways() {
    let settings = crate::testing::settings("credentials = { to = [\"a\"], never = [\"a\"] }").unwrap();
    assert!(settings.contract().problem().is_some());
}
