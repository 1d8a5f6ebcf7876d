//! What `attempts` catches, where it stays silent, and where it can't tell.

use evidence::{End, Method, Outcome};
use insta::assert_snapshot;
use policy::{Breaker, Policy, Retry, RetryOn, Trip};
use reports::Verdict;
use rstest::rstest;
use units::Timespan;

use crate::testing::{Call, Judging, Run, Try, outline, settings};

fn run(fault: &str) -> Run {
    let run = Run::new().phase("outage", 10.0).phase("steady", 10.0).backend("a").backend("b").backend("c");
    run.class("reads", Method::Get).fault("outage", fault, &["a", "b", "c"])
}

/// A request with so many failed attempts.
fn failing(due: f64, arrivals: usize) -> Call {
    (0..arrivals)
        .fold(Call::due("reads", due), |call, n| call.attempt(Try::hit(["a", "b", "c"][n % 3], "status")))
}

/// A request that is rescued at the second attempt.
fn rescued(due: f64) -> Call {
    Call::due("reads", due).attempt(Try::hit("a", "status")).attempt(Try::ok("b"))
}

/// 30 requests that fail so often, in a total outage.
fn outage(arrivals: usize) -> Run {
    run("status").calls(30, move |n| failing(10.0 + n as f64, arrivals))
}

fn verdict(run: &Run, bounds: &str) -> Verdict {
    run.finding("outage", "reads", &format!("attempts = {{ {bounds} }}")).verdict
}

fn policy(attempts: u16, on: &[RetryOn], methods: &[&str]) -> Policy {
    let methods = methods.iter().map(|method| (*method).to_owned()).collect();
    let retry = Retry { methods, ..Retry::new(attempts, on.to_vec()) };
    Policy { retry: Some(retry), ..Policy::default() }
}

#[rstest]
#[case::as_demanded(2, "exactly = 2", Verdict::Pass)]
#[case::one_too_many(3, "exactly = 2", Verdict::Fail)]
#[case::one_too_many_for_max(3, "max = 2", Verdict::Fail)]
#[case::five(5, "max = 2", Verdict::Fail)]
#[case::none_again(1, "exactly = 2", Verdict::Fail)]
#[case::none_again_for_min(1, "min = 2", Verdict::Fail)]
#[case::one_too_few(2, "exactly = 3", Verdict::Fail)]
#[case::one_too_few_for_min(2, "min = 3", Verdict::Fail)]
#[case::none_again_is_within_max_and_proves_nothing_of_it(1, "max = 2", Verdict::Inconclusive)]
#[case::once_where_once_is_demanded(1, "exactly = 1", Verdict::Pass)]
#[case::twice_where_once_is_demanded(2, "exactly = 1", Verdict::Fail)]
#[case::amplified(3, "amplification_max = 2.5", Verdict::Fail)]
#[case::amplified_as_allowed(2, "amplification_max = 2.0", Verdict::Pass)]
#[case::nothing_breaks_it(2, "min = 1", Verdict::Inconclusive)]
fn arrivals_are_held_against_their_bounds(
    #[case] arrivals: usize,
    #[case] bounds: &str,
    #[case] expected: Verdict,
) {
    assert_eq!(verdict(&outage(arrivals), bounds), expected);
}

#[test]
fn a_request_that_was_answered_shows_nothing_of_how_often_it_would_have_been_tried() {
    let run = run("status").calls(300, |n| rescued(10.0 + n as f64));
    for bounds in ["max = 2", "exactly = 3", "min = 3"] {
        assert_eq!(verdict(&run, bounds), Verdict::Inconclusive, "{bounds}");
    }
    assert_eq!(verdict(&run, "min = 2"), Verdict::Pass);
    assert_eq!(verdict(&run.call(failing(500.0, 3)), "max = 2"), Verdict::Fail, "what was seen was seen");
}

#[rstest]
#[case::slow(Try::hit("a", "latency"))]
#[case::fine(Try::hit("a", "status").status(200))]
#[case::not_found(Try::hit("a", "status").status(404))]
fn a_fault_after_which_nobody_tries_again_proves_nothing(#[case] harmless: Try) {
    let fault = harmless.clone();
    let run = run("status").fault("outage", "latency", &["a"]);
    let run = run.calls(300, move |n| Call::due("reads", 10.0 + n as f64).attempt(fault.clone()));
    for bounds in ["max = 1", "max = 2", "exactly = 2", "min = 2"] {
        assert_eq!(verdict(&run, bounds), Verdict::Inconclusive, "{bounds}");
    }
}

#[test]
fn an_answer_that_broke_off_shows_that_it_is_not_tried_again_and_nothing_more() {
    let cut = || Try::hit("a", "close").row(|attempt| attempt.status = 200);
    let run = run("close").calls(30, move |n| Call::due("reads", 10.0 + n as f64).attempt(cut()));
    assert_eq!(verdict(&run, "max = 1"), Verdict::Pass);
    assert_eq!(verdict(&run, "max = 2"), Verdict::Inconclusive);
    assert_eq!(verdict(&run, "min = 2"), Verdict::Inconclusive);
}

#[test]
fn a_failure_that_the_policy_does_not_name_shows_that_it_is_not_tried_again_and_nothing_more() {
    let run = outage(1).policy(policy(2, &[RetryOn::Reset], &["GET"]));
    assert_eq!(verdict(&run, "max = 1"), Verdict::Pass);
    assert_eq!(verdict(&run, "max = 2"), Verdict::Inconclusive);
    assert_eq!(verdict(&run, "min = 2"), Verdict::Inconclusive);
    let again = outage(2).policy(policy(2, &[RetryOn::Reset], &["GET"]));
    assert_eq!(verdict(&again, "max = 1"), Verdict::Fail);
}

#[test]
fn a_method_that_the_policy_does_not_repeat_need_not_be_tried_again() {
    let run = outage(1).policy(policy(2, &[RetryOn::Status(503)], &["HEAD"]));
    assert_eq!(verdict(&run, "min = 2"), Verdict::Inconclusive);
    assert_eq!(verdict(&run, "max = 1"), Verdict::Pass);
}

#[test]
fn an_attempt_that_the_gateway_abandoned_has_failed() {
    let slow = |n: usize| {
        let slow = Try::hit("a", "latency").takes(300.0).ends(End::AbandonedRst);
        Call::due("reads", 10.0 + 10.0 * n as f64).attempt(slow)
    };
    let finding = run("latency").calls(30, slow).finding("outage", "reads", "attempts = { min = 2 }");
    assert_eq!((finding.verdict, finding.exposures), (Verdict::Fail, 30), "{}", finding.because);
}

#[test]
fn no_further_attempt_is_demanded_where_the_total_timer_leaves_no_time() {
    let hung = |n: usize| Call::due("reads", 10.0 + n as f64).attempt(Try::hit("a", "hang").takes(449.0));
    let run = run("hang").calls(30, hung);
    let mut declared = policy(2, &[RetryOn::Timeout], &["GET"]);
    assert_eq!(verdict(&run.clone().policy(declared.clone()), "min = 2"), Verdict::Fail);
    declared.timeout.total = Some(Timespan::from_millis(450));
    let finding = run.policy(declared).finding("outage", "reads", "attempts = { min = 2 }");
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert_eq!(finding.set_aside[0].count, 30);
}

#[test]
fn no_further_attempt_is_demanded_while_a_breaker_may_have_kept_all_backends_out() {
    let trip = Trip { consecutive: Some(5), count: None, share: None, within: None, min: None };
    let breaking = Policy { breaker: Some(Breaker::new(trip, Timespan::from_secs(1))), ..Policy::default() };
    assert_eq!(verdict(&outage(1), "min = 2"), Verdict::Fail);
    assert_eq!(verdict(&outage(1).policy(breaking), "min = 2"), Verdict::Inconclusive);
}

#[test]
fn clients_that_leave_hide_the_gateway() {
    let left = |n: usize| {
        Call::due("reads", 600.0 + n as f64)
            .attempt(Try::hit("a", "hang").takes(250.2))
            .ends(Outcome::ClientTimeout, 250.0)
    };
    let run = run("status").fault("outage", "hang", &["a"]).calls(285, |n| rescued(10.0 + n as f64));
    assert_eq!(verdict(&run.clone().call(left(0)), "min = 2"), Verdict::Pass);
    let finding = run.calls(300, left).finding("outage", "reads", "attempts = { min = 2 }");
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert_eq!(finding.set_aside[0].why, "the client left first");
}

#[test]
fn a_request_that_is_tried_again_long_after_its_client_left_is_caught() {
    let zombie = |after: f64| {
        move |n: usize| {
            Call::due("reads", 10.0 + 10.0 * n as f64)
                .attempt(Try::hit("a", "hang").takes(400.0))
                .attempt(Try::hit("b", "hang").after(after))
                .ends(Outcome::ClientTimeout, 250.0)
        }
    };
    let finding = run("hang").calls(30, zombie(450.0)).finding("outage", "reads", "attempts = { max = 2 }");
    assert_eq!(finding.verdict, Verdict::Fail);
    assert_snapshot!(finding.summary, @"30 requests arrived again after the client had left");
    let soon = |n: usize| {
        Call::due("reads", 10.0 + 10.0 * n as f64)
            .attempt(Try::hit("a", "hang").takes(248.0))
            .attempt(Try::hit("b", "hang").after(10.0).takes(5.0))
            .ends(Outcome::ClientTimeout, 250.0)
    };
    assert_eq!(verdict(&run("hang").calls(30, soon), "max = 2"), Verdict::Inconclusive);
}

#[rstest]
#[case::elsewhere("b", true, Verdict::Pass)]
#[case::there_again("a", true, Verdict::Fail)]
#[case::elsewhere_where_the_same_is_demanded("b", false, Verdict::Fail)]
#[case::there_again_as_demanded("a", false, Verdict::Pass)]
fn the_place_of_a_further_attempt_is_checked(
    #[case] second: &str,
    #[case] other: bool,
    #[case] expected: Verdict,
) {
    let second = second.to_owned();
    let run = run("status").calls(30, |n| Call::due("reads", 12.0 + n as f64).attempt(Try::ok("b")));
    let run = run.calls(30, move |n| {
        Call::due("reads", 10.0 + n as f64).attempt(Try::hit("a", "status")).attempt(Try::ok(&second))
    });
    let finding = run.finding("outage", "reads", &format!("attempts = {{ other_backend = {other} }}"));
    assert_eq!(finding.verdict, expected, "{}", finding.because);
}

#[test]
fn a_further_attempt_has_no_other_backend_while_the_others_are_left_alone() {
    let same = |n: usize| {
        Call::due("reads", 10.0 + n as f64).attempt(Try::hit("a", "status")).attempt(Try::hit("a", "status"))
    };
    let run = run("status").calls(109, same);
    let finding = run.finding("outage", "reads", "attempts = { other_backend = true }");
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert_eq!(finding.set_aside[0].count, 109);
}

#[test]
fn a_failure_names_the_request_that_shows_it() {
    let finding = outage(2).call(failing(100.0, 4)).finding("outage", "reads", "attempts = { max = 2 }");
    assert_snapshot!(outline(&finding));
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
        assert_eq!(verdict(&refused, bounds), Verdict::Inconclusive, "{bounds}");
    }
    let thrice = Call::due("reads", 200.0).attempt(Try::ok("b")).attempt(Try::ok("b")).attempt(Try::ok("b"));
    assert_eq!(verdict(&refused.call(thrice), "max = 2"), Verdict::Fail);
}

#[test]
fn a_refusal_hides_only_what_was_under_way_meanwhile() {
    let mixed = |arrivals: usize| {
        let run = Run::new().phase("outage", 1.0).phase("rest", 4.0).backend("a").backend("b");
        let run = run.class("reads", Method::Get).fault("outage", "refuse", &["a"]).fault(
            "rest",
            "status",
            &["a", "b"],
        );
        run.calls(400, move |n| {
            let due = 1_100.0 + 9.0 * n as f64;
            (0..arrivals)
                .fold(Call::due("reads", due), |call, n| call.attempt(Try::hit(["a", "b"][n % 2], "status")))
        })
    };
    let finding = mixed(2).finding("rest", "reads", "attempts = { exactly = 2 }");
    assert_eq!((finding.verdict, finding.exposures), (Verdict::Pass, 400), "{}", finding.because);
    assert_eq!(mixed(3).finding("rest", "reads", "attempts = { exactly = 2 }").verdict, Verdict::Fail);
}

#[test]
fn an_extra_attempt_in_a_stall_is_not_held_against_the_gateway_unless_it_never_makes_so_many() {
    let stalled = outage(2).hiccup(2_000.0, 287.0).call(failing(2_100.0, 3));
    assert_eq!(verdict(&stalled, "max = 2"), Verdict::Pass);
    let declared = policy(2, &[RetryOn::Status(503)], &["GET"]);
    assert_eq!(verdict(&stalled.policy(declared), "max = 2"), Verdict::Fail, "the policy never makes 3");
    let systematic = outage(2).hiccup(2_000.0, 287.0).calls(30, |n| failing(3_000.0 + n as f64, 3));
    assert_eq!(verdict(&systematic, "max = 2"), Verdict::Fail);
}

#[test]
fn a_request_that_the_next_phase_s_fault_met_belongs_to_no_fault_free_verdict() {
    let run = Run::new().phase("steady", 10.0).phase("outage", 10.0).backend("a").backend("b");
    let run = run.class("reads", Method::Get).fault("outage", "status", &["a"]);
    let run = run.calls(200, |n| Call::due("reads", 10.0 * n as f64).attempt(Try::ok("b")));
    let edge =
        Call::due("reads", 9_999.935).attempt(Try::hit("a", "status").after(0.108)).attempt(Try::ok("b"));
    let run = run.call(edge);
    for bounds in ["max = 1", "exactly = 1", "amplification_max = 1.0"] {
        let finding = run.finding("steady", "reads", &format!("attempts = {{ {bounds} }}"));
        assert_eq!(finding.verdict, Verdict::Pass, "{bounds}: {}", finding.because);
    }
}

#[test]
fn perfect_shedding_keeps_a_bound_on_amplification_below_one() {
    let run = run("status").calls(20, |n| failing(10.0 + n as f64, 1));
    let run =
        run.settle(500.0).calls(580, |n| Call::due("reads", 1_000.0 + 10.0 * n as f64).rejected(503, 0.5));
    assert_eq!(verdict(&run, "amplification_max = 0.1"), Verdict::Pass);
    let leaking = run.calls(100, |n| failing(7_000.0 + 10.0 * n as f64, 1));
    assert_eq!(verdict(&leaking, "amplification_max = 0.1"), Verdict::Fail);
}

/// In groups of ten, 1 ms apart: only the first `limit` of each are tried again.
fn limited(limit: usize) -> Run {
    run("status").calls(100, move |n| {
        let call = Call::due("reads", 50.0 * (n / 10) as f64 + (n % 10) as f64);
        let call = call.attempt(Try::hit("a", "status"));
        if n % 10 < limit { call.attempt(Try::hit("b", "status").takes(20.0)) } else { call }
    })
}

#[test]
fn a_limit_on_further_attempts_under_way_is_judged_and_shown_by_how_many_there_were() {
    let bounds = "attempts = { retries_in_flight_max = 3 }";
    let finding = limited(3).finding("outage", "reads", bounds);
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    assert_eq!(finding.estimates[2].what, "tried again while 2 further attempts under way");
    assert_eq!(finding.estimates[2].value, Some(1.0));
    assert_eq!(finding.estimates[3].value, Some(0.0));
    assert_eq!(limited(4).finding("outage", "reads", bounds).verdict, Verdict::Fail);
    assert_eq!(
        limited(2).finding("outage", "reads", bounds).verdict,
        Verdict::Inconclusive,
        "3 were never under way"
    );
}

#[test]
fn requests_that_no_fault_met_prove_nothing_in_an_outage() {
    let run = run("status").calls(30, |n| Call::due("reads", n as f64).attempt(Try::ok("a")));
    for bounds in ["max = 1", "max = 2", "min = 2", "exactly = 1", "amplification_max = 2.0"] {
        assert_eq!(verdict(&run, bounds), Verdict::Inconclusive, "{bounds}");
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
