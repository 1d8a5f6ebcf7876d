//! A share is failed only where it is proven to be too low, and passed only where that is excluded.

use evidence::{Method, Outcome};
use reports::Verdict;
use rstest::rstest;

use crate::forecast::Forecast;
use crate::testing::{Call, Judging, Run, Try, foreseen, settings};

/// So many requests, of which the first `failed` fail, 2 ms apart.
fn steady(count: usize, failed: usize) -> Run {
    let run = Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get);
    run.calls(count, move |n| {
        let answer = if n < failed { Try::ok("a").status(500) } else { Try::ok("a") };
        Call::due("reads", 10.0 + 2.0 * n as f64).attempt(answer)
    })
}

#[rstest]
#[case::all_of_enough(300, 0, Verdict::Pass)]
#[case::all_of_too_few(298, 0, Verdict::Inconclusive)]
#[case::as_the_bound(1_000, 10, Verdict::Inconclusive)]
#[case::two_in_a_hundred(100, 2, Verdict::Inconclusive)]
#[case::far_below(100, 12, Verdict::Fail)]
#[case::few_but_hopeless(20, 10, Verdict::Fail)]
#[case::none(0, 0, Verdict::Inconclusive)]
fn a_share_is_judged_by_what_chance_leaves_open(
    #[case] count: usize,
    #[case] failed: usize,
    #[case] verdict: Verdict,
) {
    let finding = steady(count, failed).finding("steady", "reads", "availability = { min = 0.99 }");
    assert_eq!(finding.verdict, verdict, "{}", finding.because);
    assert!(verdict != Verdict::Inconclusive || finding.remedy.is_some());
}

/// 100 requests in 0.2 s, of which 30 fail; the machine stands still until most of them are over, or a few.
#[rstest]
#[case::most(150.0, Verdict::Inconclusive)]
#[case::a_few(30.0, Verdict::Fail)]
fn what_is_left_of_a_run_that_stood_still_proves_no_failure(#[case] length: f64, #[case] verdict: Verdict) {
    let run = Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get).hiccup(0.0, length);
    let run = run.calls(100, |n| {
        let answer = if n >= 70 { Try::ok("a").status(500) } else { Try::ok("a") };
        Call::due("reads", 10.0 + 2.0 * n as f64).attempt(answer)
    });
    let finding = run.finding("steady", "reads", "availability = { min = 0.99 }");
    assert_eq!(finding.verdict, verdict, "{}", finding.because);
}

#[test]
fn the_headline_says_the_bound_and_the_phase() {
    let finding = steady(100, 12).finding("steady", "reads", "availability = { min = 0.99 }");
    insta::assert_snapshot!(finding.summary, @"only 88 % of requests succeeded in `steady`, 99 % are demanded");
}

#[rstest]
#[case::in_a_row("burst_max = 30", Verdict::Pass)]
#[case::too_many_in_a_row("burst_max = 20", Verdict::Fail)]
#[case::in_time("burst_max = '60ms'", Verdict::Pass)]
#[case::too_long("burst_max = '50ms'", Verdict::Fail)]
#[case::between_two_requests("burst_max = '59ms'", Verdict::Inconclusive)]
#[case::longer_than_the_window("burst_max = '20s'", Verdict::Inconclusive)]
fn bursts_are_measured_in_requests_and_in_time(#[case] bound: &str, #[case] verdict: Verdict) {
    let finding = steady(600, 30).finding("steady", "reads", &format!("availability = {{ {bound} }}"));
    assert_eq!(finding.verdict, verdict, "{}: {}", finding.summary, finding.because);
}

/// A steady phase and an outage in which every `nth` request fails.
fn outage(nth: usize) -> Run {
    let run = Run::new().phase("steady", 2.0).phase("outage", 2.0).backend("a").class("reads", Method::Get);
    run.fault("outage", "status", &["a"]).calls(1_000, move |n| {
        let failing = n >= 500 && n % nth == 0;
        Call::due("reads", 4.0 * n as f64).attempt(if failing {
            Try::hit("a", "status")
        } else {
            Try::ok("a")
        })
    })
}

#[rstest]
#[case::hardly_lower(250, Verdict::Pass)]
#[case::lower_by_just_so_much(20, Verdict::Inconclusive)]
#[case::far_lower(4, Verdict::Fail)]
fn a_drop_is_held_against_another_phase(#[case] nth: usize, #[case] verdict: Verdict) {
    let demand = "availability = { of = 'steady', drop_max = 0.05 }";
    let finding = outage(nth).finding("outage", "reads", demand);
    assert_eq!(finding.verdict, verdict, "{}", finding.because);
    assert_eq!(finding.estimates.len(), 2);
}

#[test]
fn a_stall_of_brownout_over_the_start_of_an_outage_is_not_the_gateways() {
    // Stopped from 1.9 s to 2.1 s: what was due meanwhile is sent at once, and meets the outage.
    let run = Run::new().phase("steady", 2.0).phase("outage", 2.0).backend("a").class("reads", Method::Get);
    let run = run.fault("outage", "status", &["a"]).hiccup(1_900.0, 200.0).calls(500, |n| {
        let due = 4.0 * n as f64;
        let call = Call::due("reads", due).lag((2_100.0 - due).max(0.0) * f64::from(due >= 1_900.0));
        if due >= 1_900.0 { call.rejected(503, 1.0) } else { call.attempt(Try::ok("a")) }
    });
    let finding = run.finding("steady", "reads", "availability = { min = 0.99 }");
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    assert_eq!(
        finding.set_aside.iter().map(|aside| aside.count).sum::<u64>(),
        26,
        "25 at the edge, one that the stall touches"
    );
}

#[test]
fn what_the_settling_time_hides_is_told_with_how_it_ended() {
    let finding = steady(600, 100).settle(250.0).finding("steady", "reads", "availability = { min = 0.99 }");
    assert_eq!(finding.verdict, Verdict::Pass);
    assert!(finding.because.ends_with("leaves out 120 requests: 200 × 20, 500 × 100"), "{}", finding.because);
}

#[test]
fn what_brownout_could_not_send_for_want_of_descriptors_is_not_the_gateways() {
    let limited = |n: usize| Call::due("reads", 950.0 + n as f64).ends(Outcome::OwnLimit, 0.1);
    let finding =
        steady(400, 0).calls(20, limited).finding("steady", "reads", "availability = { min = 0.99 }");
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    assert_eq!(finding.set_aside[0].count, 20);
}

#[test]
fn a_truncated_answer_is_a_failure_although_its_status_is_200() {
    let truncated =
        Call::due("reads", 1.0).attempt(Try::ok("a")).row(|exchange| exchange.outcome = Outcome::EofInBody);
    let finding = steady(30, 0).call(truncated).finding("steady", "reads", "availability = { min = 1.0 }");
    assert_eq!(finding.verdict, Verdict::Fail);
    assert_eq!(finding.witnesses[0].shows, "ended as 200, then eof_in_body");
}

#[test]
fn requests_that_were_never_sent_make_a_pass_inconclusive_and_no_failure() {
    let run = steady(400, 0).calls(10, |n| Call::due("reads", 950.0 + n as f64).skipped());
    let finding = run.finding("steady", "reads", "availability = { min = 0.99 }");
    assert_eq!((finding.verdict, finding.observations), (Verdict::Inconclusive, 400));
    assert!(finding.because.contains("10 of 410 requests"), "{}", finding.because);
}

#[rstest]
#[case("availability = {}")]
#[case("availability = { min = 0.0 }")]
#[case("availability = { of = 'steady' }")]
#[case("availability = { min = 0.9, drop_max = 0.1 }")]
#[case("availability = { of = 'steady', drop_max = 0.0 }")]
#[case("availability = { burst_max = 0 }")]
fn bounds_that_say_nothing_are_refused(#[case] text: &str) {
    assert!(settings(text).is_ok_and(|settings| settings.contract().problem().is_some()));
}

#[test]
fn how_many_requests_it_takes_is_told_before_the_run() {
    let foreseen = |text| foreseen(&steady(250, 0), "steady", "reads", text);
    let few = foreseen("availability = { min = 0.99 }");
    assert!(few[0].falls_short(), "{few:?}");
    assert!(!foreseen("availability = { min = 0.98 }")[0].falls_short());
    let long = foreseen("availability = { burst_max = '10s' }");
    assert!(matches!(long[1], Forecast::CannotFail(_)), "{long:?}");
}

#[test]
fn answers_that_the_gateway_made_up_are_no_successes() {
    let run = Run::new().phase("steady", 10.0).backend("a").class("reads", evidence::Method::Get);
    let run = run.calls(600, |n| Call::due("reads", 10.0 * n as f64).rejected(200, 1.0));
    let finding = run.finding("steady", "reads", "availability = { min = 0.99 }");
    assert_eq!(finding.verdict, Verdict::Fail, "{}", finding.observed);
}
