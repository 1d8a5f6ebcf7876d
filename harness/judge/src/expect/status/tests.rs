//! What clients see is held against what is demanded, for every request that ended on a fault and no other.

use evidence::{Method, Outcome};
use insta::assert_snapshot;
use reports::Verdict;
use rstest::rstest;

use crate::forecast::Forecast;
use crate::testing::{Call, Judging, Run, Try, foreseen, settings};

fn outage(fault: &str) -> Run {
    let run = Run::new().phase("outage", 10.0).backend("a").backend("b").class("reads", Method::Get);
    run.fault("outage", fault, &["a"])
}

fn reset(n: usize) -> Call {
    Call::due("reads", 10.0 + n as f64).attempt(Try::hit("a", "reset"))
}

#[rstest]
#[case::the_status_demanded("of = [502], on = 'reset'", Verdict::Pass)]
#[case::another_status("of = [504], on = 'reset'", Verdict::Fail)]
#[case::made_by_the_gateway("of = [502], gateway_made = true", Verdict::Pass)]
#[case::not_passed_on("of = [502], gateway_made = false", Verdict::Fail)]
#[case::a_fault_that_is_not_planned("of = [502], on = 'hang'", Verdict::Inconclusive)]
fn the_status_of_a_failure_is_held_against_what_is_demanded(#[case] bounds: &str, #[case] verdict: Verdict) {
    let finding =
        outage("reset").calls(30, reset).finding("outage", "reads", &format!("status = {{ {bounds} }}"));
    assert_eq!(finding.verdict, verdict, "{}", finding.because);
}

#[test]
fn a_request_that_was_rescued_does_not_count() {
    let rescued = Call::due("reads", 5.0).attempt(Try::hit("a", "reset")).attempt(Try::ok("b"));
    let finding =
        outage("reset").calls(30, reset).call(rescued).finding("outage", "reads", "status = { of = [502] }");
    assert_eq!((finding.verdict, finding.observations), (Verdict::Pass, 30));
}

#[test]
fn a_client_that_gave_up_has_seen_no_status() {
    let hung = |n: usize| {
        Call::due("reads", 10.0 + n as f64).attempt(Try::hit("a", "hang")).ends(Outcome::ClientTimeout, 900.0)
    };
    let finding =
        outage("hang").calls(3, hung).finding("outage", "reads", "status = { of = [504], on = 'hang' }");
    assert_eq!(finding.verdict, Verdict::Fail);
    assert_snapshot!(finding.summary, @"on `hang`, clients saw in `outage` no status (client_timeout) × 3; demanded is status 504");
}

#[test]
fn refused_requests_count_while_the_listener_was_closed() {
    let run = outage("refuse").firing("refuse", "a", 0.0, 5_000.0);
    let run = run
        .calls(30, |n| Call::due("reads", 100.0 + n as f64).rejected(503, 1.0))
        .call(Call::due("reads", 7_000.0).rejected(500, 1.0));
    let finding = run.finding("outage", "reads", "status = { of = [503], on = 'refuse' }");
    assert_eq!((finding.verdict, finding.observations), (Verdict::Pass, 30), "{}", finding.because);
    assert!(finding.because.ends_with("; 1 other request failed on something else"), "{}", finding.because);
}

#[test]
fn requests_turned_away_at_accept_count_once_connections_were_seen_to_be() {
    let rejected = |n: usize| Call::due("reads", 100.0 + n as f64).rejected(502, 1.0);
    let run = outage("accept").calls(30, rejected);
    let demanded = "status = { of = [502], on = 'reset' }";
    assert_eq!(run.finding("outage", "reads", demanded).verdict, Verdict::Inconclusive);
    let finding = run.connection_hit("reset", "a", 100.5).finding("outage", "reads", demanded);
    assert_eq!((finding.verdict, finding.observations), (Verdict::Pass, 30), "{}", finding.because);
}

#[rstest]
#[case("share_min = 0.6", Verdict::Pass)]
#[case("share_min = 0.75", Verdict::Inconclusive)]
#[case("share_min = 0.95", Verdict::Fail)]
fn a_share_may_be_demanded(#[case] share: &str, #[case] verdict: Verdict) {
    let odd = |n: usize| reset(n + 400).rejected(500, 2.0);
    let run = outage("reset").calls(150, reset).calls(50, odd);
    let finding = run.finding("outage", "reads", &format!("status = {{ of = [502], {share} }}"));
    assert_eq!(finding.verdict, verdict, "{}", finding.because);
}

#[test]
fn what_is_shed_in_an_outage_is_looked_at_unless_a_kind_of_fault_is_named() {
    let shed = |n: usize| Call::due("reads", 3_000.0 + n as f64).rejected(500, 1.0);
    let run = outage("status")
        .calls(16, |n| Call::due("reads", n as f64).attempt(Try::hit("a", "status")))
        .calls(776, shed);
    let finding = run.finding("outage", "reads", "status = { of = [503] }");
    assert_eq!((finding.verdict, finding.observations), (Verdict::Fail, 792), "{}", finding.because);
    let finding = run.finding("outage", "reads", "status = { of = [503], on = 'status' }");
    assert!(
        finding.because.ends_with("; 776 other requests failed on something else"),
        "{}",
        finding.because
    );
}

#[test]
fn slow_answers_are_no_failures() {
    let run = outage("latency").fault("outage", "status", &["a"]);
    let run = run
        .calls(308, |n| Call::due("reads", n as f64).attempt(Try::hit("a", "latency")))
        .calls(300, |n| Call::due("reads", 2_000.0 + n as f64).attempt(Try::hit("a", "status")));
    let finding = run.finding("outage", "reads", "status = { of = [503] }");
    assert_eq!((finding.verdict, finding.observations), (Verdict::Pass, 300), "{}", finding.because);
}

#[test]
fn of_two_faults_that_meet_the_one_that_was_given_decides() {
    let run = outage("reset").fault("outage", "status", &["a"]);
    let met = |n: usize| {
        let both = Try::hit("a", "status").row(|attempt| attempt.injections = 0b11);
        Call::due("reads", n as f64).attempt(both)
    };
    let run = run
        .calls(54, met)
        .calls(112, |n| Call::due("reads", 2_000.0 + n as f64).attempt(Try::hit("a", "reset")));
    let finding = run.finding("outage", "reads", "status = { of = [502], on = 'reset' }");
    assert_eq!((finding.verdict, finding.observations), (Verdict::Pass, 112), "{}", finding.because);
}

#[test]
fn a_refusal_that_may_have_come_last_belongs_to_no_visible_fault() {
    let run = outage("hang").fault("outage", "refuse", &["b"]).firing("refuse", "b", 0.0, 10_000.0);
    let run = run.calls(50, |n| Call::due("reads", n as f64).attempt(Try::hit("a", "hang")));
    let finding = run.finding("outage", "reads", "status = { of = [504], on = 'hang' }");
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.because);
    assert_eq!(finding.set_aside[0].count, 50);
}

#[test]
fn another_status_in_a_stall_is_set_aside() {
    let odd = Call::due("reads", 3_000.0).attempt(Try::hit("a", "reset")).rejected(504, 60.0);
    let run = outage("reset").calls(30, reset).call(odd);
    let demand = "status = { of = [502] }";
    assert_eq!(run.finding("outage", "reads", demand).verdict, Verdict::Fail);
    assert_eq!(run.hiccup(3_010.0, 50.0).finding("outage", "reads", demand).verdict, Verdict::Pass);
}

#[test]
fn nothing_is_told_when_no_request_ended_on_the_fault() {
    let fine = |n: usize| Call::due("reads", n as f64).attempt(Try::ok("b"));
    assert_eq!(
        outage("reset").calls(30, fine).finding("outage", "reads", "status = { of = [502] }").verdict,
        Verdict::Inconclusive
    );
}

#[rstest]
#[case("of = []")]
#[case("of = [42]")]
#[case("of = [503], share_min = 0.0")]
fn statuses_that_do_not_exist_are_refused(#[case] bounds: &str) {
    assert!(
        settings(&format!("status = {{ {bounds} }}"))
            .is_ok_and(|settings| settings.contract().problem().is_some())
    );
}

#[test]
fn a_demand_that_no_status_breaks_is_told_before_the_run() {
    let foreseen = |run: &Run, text: &str| foreseen(run, "outage", "reads", text);
    let run = outage("reset").calls(30, reset);
    let all: Vec<String> = (100..600).map(|status| status.to_string()).collect();
    let told = foreseen(&run, &format!("status = {{ of = [{}] }}", all.join(", ")));
    assert!(matches!(told[0], Forecast::CannotFail(_)), "{told:?}");
    // Half of the requests reach the backend that the fault is on.
    assert!(!foreseen(&run, "status = { of = [502] }")[0].falls_short());
    let slow = outage("latency").calls(30, |n| Call::due("reads", n as f64).attempt(Try::ok("b")));
    assert!(foreseen(&slow, "status = { of = [502] }")[0].falls_short());
}
