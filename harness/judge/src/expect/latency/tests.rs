//! Percentiles are judged by how many requests lie beyond the bound, and what a stall explains is set aside.

use evidence::{Method, Outcome};
use insta::assert_snapshot;
use reports::Verdict;
use rstest::rstest;

use crate::forecast::Forecast;
use crate::testing::{Call, Judging, Run, Try, foreseen, settings};

/// Requests of 2 ms over 10 s, every fiftieth of which takes `slow` milliseconds.
fn steady(count: usize, slow: f64) -> Run {
    let run = Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get);
    run.closed_class("users", Method::Get).calls(count, move |n| {
        let takes = if n % 50 == 0 { slow } else { 2.0 };
        Call::due("reads", 5.0 * n as f64).attempt(Try::ok("a").takes(takes))
    })
}

#[rstest]
#[case::slow_enough_to_show("p99 = '50ms'", Verdict::Fail)]
#[case::hidden_in_the_median("p50 = '50ms'", Verdict::Pass)]
#[case::one_bound_of_two("p50 = '50ms', max = '50ms'", Verdict::Fail)]
#[case::within_its_bounds("p99 = '200ms', max = '200ms'", Verdict::Pass)]
fn quantiles_are_held_against_their_bounds(#[case] bounds: &str, #[case] verdict: Verdict) {
    let finding = steady(2000, 100.0).finding("steady", "reads", &format!("latency = {{ {bounds} }}"));
    assert_eq!(finding.verdict, verdict, "{}", finding.because);
}

#[rstest]
#[case::too_few(298, 2.0, Verdict::Inconclusive)]
#[case::enough(299, 2.0, Verdict::Pass)]
#[case::two_in_a_hundred_of_few(300, 100.0, Verdict::Inconclusive)]
#[case::none(0, 2.0, Verdict::Inconclusive)]
fn p99_takes_as_many_requests_as_exclude_one_in_a_hundred(
    #[case] count: usize,
    #[case] slow: f64,
    #[case] verdict: Verdict,
) {
    let finding = steady(count, slow).finding("steady", "reads", "latency = { p99 = '50ms' }");
    assert_eq!(finding.verdict, verdict, "{}", finding.because);
}

#[test]
fn the_slowest_requests_are_shown_first_and_the_interval_with_them() {
    let run = steady(2000, 100.0).call(Call::due("reads", 9_600.0).attempt(Try::ok("a").takes(300.0)));
    let finding = run.finding("steady", "reads", "latency = { p99 = '50ms' }");
    assert_snapshot!(finding.summary, @"p99 of response time was 100 ms in `steady`, only 50 ms is allowed");
    assert_snapshot!(finding.because, @"41 of 2001 requests took longer than 50 ms");
    assert_snapshot!(finding.witnesses[0].shows, @"took 300 ms");
    let estimate = &finding.estimates[0];
    assert!(estimate.low <= 100.5 && estimate.high >= 100.0, "{estimate:?}");
}

#[test]
fn response_time_counts_the_lag_of_the_driver_and_service_time_does_not() {
    let run = Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get);
    let run = run.calls(100, |n| Call::due("reads", n as f64).lag(40.0).attempt(Try::ok("a")));
    let of =
        |time: &str| run.finding("steady", "reads", &format!("latency = {{ p50 = '20ms', of = '{time}' }}"));
    assert_eq!(of("service").verdict, Verdict::Pass);
    assert_eq!(of("response").verdict, Verdict::Inconclusive);
}

#[test]
fn a_stall_excuses_the_requests_that_it_touches_and_no_others() {
    // One of the slow requests met the stall; the other 39 did not.
    let run = steady(2000, 100.0).hiccup(1_000.0, 150.0);
    let finding = run.finding("steady", "reads", "latency = { p99 = '50ms' }");
    assert_eq!(finding.verdict, Verdict::Fail, "{}", finding.because);
    assert!(!finding.set_aside.is_empty());
}

#[test]
fn a_bound_beyond_the_clients_deadline_is_told_by_no_request() {
    let left = |n: usize| Call::due("reads", 5.0 * n as f64).ends(Outcome::ClientTimeout, 2_000.0);
    let run = Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get).calls(600, left);
    let finding = run.finding("steady", "reads", "latency = { p99 = '3s', max = '3s' }");
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert_eq!(run.finding("steady", "reads", "latency = { p99 = '1s' }").verdict, Verdict::Fail);
}

#[test]
fn closed_loop_traffic_is_named_as_such() {
    let run = steady(0, 2.0).calls(100, |n| Call::due("users", 5.0 * n as f64).attempt(Try::ok("a")));
    let finding = run.finding("steady", "users", "latency = { p50 = '50ms' }");
    assert_eq!(finding.verdict, Verdict::Pass);
    assert!(finding.because.contains("hides queueing"), "{}", finding.because);
}

#[test]
fn bounds_are_demanded() {
    assert!(settings("latency = {}").is_ok_and(|settings| settings.contract().problem().is_some()));
}

#[test]
fn a_bound_that_no_client_waits_for_is_told_before_the_run() {
    let foreseen = |text| foreseen(&steady(250, 2.0), "steady", "reads", text);
    // Clients of these runs leave after 30 s.
    assert!(matches!(foreseen("latency = { max = '30s' }")[0], Forecast::CannotFail(_)));
    assert!(foreseen("latency = { p99 = '1s' }")[0].falls_short());
    assert!(!foreseen("latency = { p90 = '1s' }")[0].falls_short());
}

#[test]
fn what_clients_hold_up_themselves_is_not_held_against_the_gateway_and_all_else_is() {
    let slow_uploads = |held: u64| {
        let run = Run::new().phase("steady", 10.0).backend("a").class("writes", Method::Post);
        run.calls(1000, move |n| {
            let (takes, held) = if n % 20 == 0 { (300.0, held) } else { (2.0, 0) };
            let call = Call::due("writes", 5.0 * n as f64).attempt(Try::ok("a").takes(takes));
            call.row(move |exchange| exchange.held = held * 1_000_000)
        })
    };
    let finding = slow_uploads(280).finding("steady", "writes", "latency = { p99 = '50ms' }");
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    assert_eq!(finding.set_aside[0].why, "the client itself held it up by as much as that");
    let finding = slow_uploads(200).finding("steady", "writes", "latency = { p99 = '50ms' }");
    assert_eq!(finding.verdict, Verdict::Fail, "{}", finding.because);
    assert!(
        finding.witnesses[0].client.ended.ends_with("held up by the client itself for 200 ms"),
        "{finding:#?}"
    );
}
