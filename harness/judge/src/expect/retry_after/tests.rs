//! What `retry_after` makes of ledgers in which backends say when to come back.

use std::time::Duration;

use evidence::{Method, Outcome};
use policy::{Policy, Timeouts};
use reports::Verdict;
use rstest::rstest;
use units::Timespan;

use crate::testing::{Call, Judging, Run, Try, foreseen};

const OBEYED: &str = "retry_after = { obeyed = true }";
const PASSED_ON: &str = "retry_after = { passed_on = true }";
const GIVES_UP: &str = "retry_after = { gives_up = true }";

fn run() -> Run {
    let run = Run::new().phase("quota", 10.0).phase("after", 5.0).backend("a").backend("b");
    run.class("reads", Method::Get).fault("quota", "status", &["a", "b"])
}

/// Turned away, and told to come back after so long.
fn told(backend: &str, ms: f64) -> Try {
    Try::hit(backend, "status").status(429).row(move |attempt| {
        attempt.retry_after = Some((ms / 1e3).round() as u64);
        attempt.retry_at = attempt.replied.map(|at| at + Duration::from_secs_f64(ms / 1e3));
    })
}

/// A request that is told to wait a second, and comes back after so long.
fn back(n: usize, ms: f64) -> Call {
    Call::due("reads", 100.0 + n as f64).attempt(told("a", 1_000.0)).attempt(Try::ok("b").after(ms))
}

/// A request that ends on being told.
fn ended(n: usize, got: Option<u64>) -> Call {
    let call = Call::due("reads", 100.0 + n as f64).attempt(told("a", 1_000.0));
    call.row(move |exchange| exchange.retry_after = got)
}

fn found(run: &Run, demand: &str) -> reports::Finding {
    run.finding("quota", "reads", demand)
}

#[test]
fn waits_until_the_time_that_was_told_pass_and_one_that_is_shorter_is_caught() {
    let obeys = run().calls(20, |n| back(n, 1_001.0));
    let finding = found(&obeys, OBEYED);
    assert_eq!((finding.verdict, finding.exposures), (Verdict::Pass, 20), "{}", finding.because);
    let finding = found(&obeys.call(back(30, 25.0)), OBEYED);
    assert_eq!(finding.verdict, Verdict::Fail);
    insta::assert_snapshot!(format!(
        "{}\n{}\n{}\n{}",
        finding.summary, finding.observed, finding.because, finding.witnesses[0].shows
    ));
}

#[rstest]
#[case::nothing_came_back(run().calls(20, |n| ended(n, Some(1))))]
#[case::too_few(run().calls(9, |n| back(n, 1_001.0)))]
#[case::nobody_was_told(run().calls(20, |n| Call::due("reads", n as f64).attempt(Try::ok("a"))))]
#[case::asked_for_no_wait(run().calls(20, |n| {
    Call::due("reads", 100.0 + n as f64).attempt(told("a", 0.0)).attempt(Try::ok("b"))
}))]
#[case::the_client_left(run().calls(20, |n| {
    ended(n, None).ends(Outcome::ClientTimeout, 500.0)
}))]
fn what_did_not_come_back_proves_nothing(#[case] run: Run) {
    let finding = found(&run, OBEYED);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.because);
    assert!(finding.remedy.is_some());
}

#[test]
fn another_backend_may_be_tried_at_once_only_where_that_is_said() {
    let spills = run().calls(20, |n| back(n, 5.0).attempt(Try::ok("a").after(1_100.0)));
    assert_eq!(found(&spills, OBEYED).verdict, Verdict::Fail);
    let spilling = "retry_after = { obeyed = true, spills = true }";
    assert_eq!(found(&spills, spilling).verdict, Verdict::Pass);
    let same =
        spills.call(Call::due("reads", 90.0).attempt(told("a", 1_000.0)).attempt(Try::ok("a").after(5.0)));
    assert_eq!(found(&same, spilling).verdict, Verdict::Fail);
}

#[rstest]
#[case::clamped(500.0, Verdict::Pass)]
#[case::within_the_tolerance(545.0, Verdict::Pass)]
#[case::not_clamped(1_001.0, Verdict::Fail)]
#[case::earlier_than_the_bound(300.0, Verdict::Fail)]
fn a_bound_holds_on_both_sides(#[case] ms: f64, #[case] verdict: Verdict) {
    let run = run().calls(20, move |n| back(n, ms));
    let finding = found(&run, "retry_after = { obeyed = true, at_most = \"500ms\" }");
    assert_eq!(finding.verdict, verdict, "{}", finding.because);
}

#[test]
fn a_stall_explains_what_it_could_have_moved_and_nothing_else() {
    let obeys = run().calls(40, |n| back(n, 1_001.0)).hiccup(2_000.0, 300.0);
    let moved = Call::due("reads", 2_010.0).attempt(told("a", 1_000.0)).attempt(Try::ok("b").after(800.0));
    let finding = found(&obeys.clone().call(moved), OBEYED);
    assert_eq!((finding.verdict, finding.set_aside[0].count), (Verdict::Pass, 1), "{}", finding.because);
    let at_once = Call::due("reads", 2_010.0).attempt(told("a", 1_000.0)).attempt(Try::ok("b").after(5.0));
    assert_eq!(found(&obeys.call(at_once), OBEYED).verdict, Verdict::Fail);
}

#[test]
fn a_client_gets_what_the_backend_said() {
    let passes = run().calls(20, |n| ended(n, Some(1)));
    assert_eq!(found(&passes, PASSED_ON).verdict, Verdict::Pass);
    assert_eq!(found(&passes.clone().call(ended(30, None)), PASSED_ON).verdict, Verdict::Fail);
    assert_eq!(found(&passes.clone().call(ended(30, Some(2))), PASSED_ON).verdict, Verdict::Fail);
    let made_up = ended(30, None).rejected(502, 5.0);
    assert_eq!(found(&passes.call(made_up), PASSED_ON).verdict, Verdict::Fail);
    let few = run().calls(9, |n| ended(n, Some(1)));
    assert_eq!(found(&few, PASSED_ON).verdict, Verdict::Inconclusive);
    let back = run().calls(20, |n| back(n, 1_001.0));
    assert_eq!(found(&back, PASSED_ON).verdict, Verdict::Inconclusive, "they succeeded in the end");
}

#[test]
fn nobody_is_held_for_a_time_that_lies_beyond_the_timer() {
    let total = Some(Timespan::from_millis(400));
    let policy = Policy { timeout: Timeouts { total, ..Timeouts::default() }, ..Policy::default() };
    let run = run().policy(policy);
    let at_once = run.clone().calls(20, |n| ended(n, Some(1)));
    assert_eq!(found(&at_once, GIVES_UP).verdict, Verdict::Pass);
    let held = at_once.call(ended(30, None).rejected(504, 400.0));
    let finding = found(&held, GIVES_UP);
    assert_eq!(finding.verdict, Verdict::Fail);
    insta::assert_snapshot!(finding.summary, @"1 of 21 requests that were asked to wait beyond `timeout.total` were held until it fired");
    let short = run.calls(20, |n| {
        let call = Call::due("reads", 100.0 + n as f64).attempt(told("a", 100.0));
        call.row(|exchange| exchange.retry_after = Some(0))
    });
    assert_eq!(found(&short, GIVES_UP).verdict, Verdict::Inconclusive, "there was time to wait");
}

#[test]
fn a_demand_that_no_gateway_could_meet_is_told_before_the_run() {
    let never = run().policy(Policy {
        timeout: Timeouts { total: Some(Timespan::from_secs(1)), ..Timeouts::default() },
        ..Policy::default()
    });
    let words = |run: &Run, demand| format!("{:?}", foreseen(run, "quota", "reads", demand));
    assert!(words(&never, OBEYED).contains("never tries a request again"));
    assert!(words(&run(), GIVES_UP).contains("no `timeout.total`"));
    let hangs = Run::new().phase("quota", 1.0).backend("a").class("reads", Method::Get);
    assert!(words(&hangs.fault("quota", "hang", &["a"]), PASSED_ON).contains("nobody says when"));
    assert_eq!(words(&run(), PASSED_ON), "[]");
}
