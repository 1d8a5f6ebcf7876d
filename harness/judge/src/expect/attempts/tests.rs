//! What `attempts` catches, where it stays silent, and where it can't tell.

use evidence::{End, Method, Outcome};
use insta::assert_snapshot;
use reports::Verdict;
use rstest::rstest;

use crate::testing::{Call, Judging, Run, Try, outline, settings};

fn run(fault: &str) -> Run {
    let run = Run::new().phase("outage", 10.0).phase("steady", 10.0).backend("a").backend("b").backend("c");
    run.class("reads", Method::Get).fault("outage", fault, &["a", "b", "c"])
}

/// 30 requests that are rescued at the second attempt.
fn rescued() -> Run {
    run("status").calls(30, |n| {
        Call::due("reads", 10.0 + n as f64).attempt(Try::hit("a", "status")).attempt(Try::ok("b"))
    })
}

/// One more request, with so many failed attempts.
fn failing(arrivals: usize) -> Call {
    (0..arrivals)
        .fold(Call::due("reads", 100.0), |call, n| call.attempt(Try::hit(["a", "b", "c"][n % 3], "status")))
}

#[rstest]
#[case::as_demanded(2, "exactly = 2", Verdict::Pass)]
#[case::one_retry_too_many(3, "exactly = 2", Verdict::Fail)]
#[case::one_retry_too_many_for_max(3, "max = 2", Verdict::Fail)]
#[case::no_retry(1, "exactly = 2", Verdict::Fail)]
#[case::no_retry_for_min(1, "min = 2", Verdict::Fail)]
#[case::no_retry_is_within_max(1, "max = 2", Verdict::Pass)]
#[case::amplified(400, "amplification_max = 2.5", Verdict::Fail)]
#[case::amplified_as_allowed(2, "amplification_max = 2.0", Verdict::Pass)]
fn arrivals_are_held_against_their_bounds(
    #[case] arrivals: usize,
    #[case] bounds: &str,
    #[case] verdict: Verdict,
) {
    let run = rescued().call(failing(arrivals));
    let finding = run.finding("outage", "reads", &format!("attempts = {{ {bounds} }}"));
    assert_eq!(finding.verdict, verdict, "{} because {}", finding.observed, finding.because);
}

#[test]
fn a_request_that_was_answered_needs_no_further_attempt() {
    let finding = rescued().finding("outage", "reads", "attempts = { min = 3 }");
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
}

#[test]
fn an_attempt_that_the_gateway_abandoned_has_failed() {
    let given_up_once = |n: usize| {
        let slow = Try::hit("a", "latency").takes(300.0).ends(End::AbandonedRst);
        Call::due("reads", 10.0 + 10.0 * n as f64).attempt(slow)
    };
    let finding =
        run("latency").calls(30, given_up_once).finding("outage", "reads", "attempts = { min = 2 }");
    assert_eq!((finding.verdict, finding.observations), (Verdict::Fail, 30), "{}", finding.because);
}

#[test]
fn a_request_that_the_client_gave_up_on_needs_no_further_attempt() {
    let hung = Call::due("reads", 50.0).attempt(Try::hit("a", "status")).ends(Outcome::ClientTimeout, 500.0);
    assert_eq!(
        rescued().call(hung).finding("outage", "reads", "attempts = { min = 2 }").verdict,
        Verdict::Pass
    );
}

#[rstest]
#[case::elsewhere("b", true, Verdict::Pass)]
#[case::there_again("a", true, Verdict::Fail)]
#[case::elsewhere_where_the_same_is_demanded("b", false, Verdict::Fail)]
fn the_place_of_a_further_attempt_is_checked(
    #[case] second: &str,
    #[case] other: bool,
    #[case] verdict: Verdict,
) {
    let second = second.to_owned();
    let run = run("status").calls(30, move |n| {
        Call::due("reads", 10.0 + n as f64).attempt(Try::hit("a", "status")).attempt(Try::ok(&second))
    });
    let finding = run.finding("outage", "reads", &format!("attempts = {{ other_backend = {other} }}"));
    assert_eq!((finding.verdict, finding.observations), (verdict, 30), "{}", finding.because);
}

#[test]
fn a_failure_names_the_request_that_shows_it() {
    let finding = rescued().call(failing(4)).finding("outage", "reads", "attempts = { max = 2 }");
    assert_snapshot!(outline(&finding), @r"
    fail: outage/reads/attempts, 0–10 s, 31 observations
    summary: 1 request reached the backends more than twice, up to 4 times
    observed: up to 4 arrivals for one request
    expected: at most 2 arrivals for one request
    because: 1 of 31 requests arrived more than twice
    #30 reads 100.0–105.0 ms complete 503: arrived 4 times
      1 at a 100.2–101.2 ms replied 503 [status 503] answer written at 101.2
      2 at b 101.4–102.4 ms replied 503 [status 503] answer written at 102.4
      3 at c 102.6–103.6 ms replied 503 [status 503] answer written at 103.6
      4 at a 103.8–104.8 ms replied 503 [status 503] answer written at 104.8
    ");
}

#[test]
fn a_replay_by_the_http_library_is_named() {
    let run = run("reset").calls(30, |n| {
        Call::due("reads", 10.0 + n as f64).attempt(Try::hit("a", "reset")).attempt(Try::ok("a").after(0.1))
    });
    let finding = run.finding("outage", "reads", "attempts = { max = 2 }");
    assert_snapshot!(finding.observed, @"up to 2 arrivals for one request, with 29 likely transport replays among them");
}

#[test]
fn hidden_attempts_prove_nothing_but_an_excess() {
    let refused = run("refuse")
        .firing("refuse", "a", 0.0, 10_000.0)
        .calls(30, |n| Call::due("reads", 10.0 + n as f64).attempt(Try::ok("b")));
    for bounds in ["max = 2", "min = 2", "exactly = 2", "other_backend = true", "amplification_max = 2.0"] {
        let finding = refused.finding("outage", "reads", &format!("attempts = {{ {bounds} }}"));
        assert_eq!(finding.verdict, Verdict::Inconclusive, "{bounds}");
    }
    let thrice = Call::due("reads", 200.0).attempt(Try::ok("b")).attempt(Try::ok("b")).attempt(Try::ok("b"));
    let excess = refused.call(thrice).finding("outage", "reads", "attempts = { max = 2 }");
    assert_eq!(excess.verdict, Verdict::Fail);
}

#[test]
fn requests_that_no_fault_met_prove_nothing_in_an_outage() {
    let run = run("status").calls(30, |n| Call::due("reads", n as f64).attempt(Try::ok("a")));
    for bounds in ["max = 1", "max = 2", "min = 2", "exactly = 1", "amplification_max = 2.0"] {
        let judged = run.judged("outage", "reads", &format!("attempts = {{ {bounds} }}"));
        assert_eq!(judged.verdict, Verdict::Inconclusive, "{bounds}");
    }
}

#[test]
fn without_faults_every_request_arrives_exactly_once() {
    let steady = run("status").calls(30, |n| Call::due("reads", 10_000.0 + n as f64).attempt(Try::ok("a")));
    assert_eq!(steady.finding("steady", "reads", "attempts = { exactly = 1 }").verdict, Verdict::Pass);
    assert_eq!(steady.finding("steady", "reads", "attempts = { exactly = 2 }").verdict, Verdict::Fail);
    let mirrored = Call::due("reads", 11_000.0).attempt(Try::ok("a")).attempt(Try::ok("b"));
    assert_eq!(
        steady.call(mirrored).finding("steady", "reads", "attempts = { exactly = 1 }").verdict,
        Verdict::Fail
    );
}

#[rstest]
#[case("")]
#[case("min = 3, max = 2")]
#[case("exactly = 2, max = 2")]
#[case("amplification_max = -1.0")]
fn bounds_that_make_no_sense_are_refused(#[case] bounds: &str) {
    let settings = settings(&format!("attempts = {{ {bounds} }}"));
    assert!(settings.is_ok_and(|settings| settings.contract().problem().is_some()));
}
