//! `limit` on made ledgers.

use evidence::Method;
use reports::Verdict;
use rstest::rstest;

use crate::testing::{Call, Judging, Run, Try, foreseen, settings};

fn overload() -> Run {
    let run = Run::new().phase("overload", 20.0).backend("a").class("reads", Method::Get);
    run.class("writes", Method::Post).fault("overload", "latency", &["a"])
}

/// A round of twelve requests takes 120 ms: the first `goes_in` of them reach the backend at once and stay for the round, and the
/// others are what `rest` makes of them.
fn rounds(goes_in: usize, rest: impl Fn(usize, Call) -> Call) -> Run {
    overload().calls(1_800, move |n| {
        let call = Call::due(if n % 2 == 0 { "reads" } else { "writes" }, 10.0 * n as f64 + 0.5);
        if n % 12 < goes_in { call.attempt(Try::hit("a", "latency").takes(119.0)) } else { rest(n, call) }
    })
}

fn turned_away(goes_in: usize) -> Run {
    rounds(goes_in, |_, call| call.rejected(503, 0.5))
}

fn found(run: &Run, demand: &str) -> reports::Finding {
    run.finding("overload", "", demand)
}

const EXACT: &str = "limit = { in_flight = 6, exact = true }";

#[test]
fn a_limit_that_holds_and_is_used_passes() {
    let finding = found(&turned_away(6), EXACT);
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    insta::assert_snapshot!(format!("{}\n{}\n{}", finding.summary, finding.observed, finding.because), @r"
    no more than 6 were under way at a backend; nobody was turned away while fewer than 6 were under way
    at most 6 under way at a time at `a`; 900 requests came while all turns were taken; 900 requests turned away, of which 900 came while it is plain that no more than 6 were under way
    at most 6 under way at a time at `a`; 900 requests came while all turns were taken; 900 requests turned away, of which 900 came while it is plain that no more than 6 were under way
    ");
}

#[test]
fn one_more_is_too_many_and_one_fewer_is_too_few() {
    let finding = found(&turned_away(7), EXACT);
    assert_eq!(finding.verdict, Verdict::Fail);
    insta::assert_snapshot!(finding.summary, @"7 were under way at `a`, 6 may be");
    let finding = found(&turned_away(5), EXACT);
    assert_eq!(finding.verdict, Verdict::Fail);
    insta::assert_snapshot!(finding.summary, @"1050 requests turned away while no more than 5 were under way, and 6 may be");
    assert!(!finding.witnesses.is_empty());
}

#[test]
fn without_exact_a_lower_limit_is_left_open_and_not_passed() {
    assert_eq!(found(&turned_away(5), "limit = { in_flight = 6 }").verdict, Verdict::Inconclusive);
}

#[rstest]
#[case::nobody_waits_longer("{ in_flight = 6, queue = 4, wait = \"60ms\" }", 3, 60.0, Verdict::Pass)]
#[case::one_waits_too_long("{ in_flight = 6, wait = \"60ms\" }", 3, 90.0, Verdict::Fail)]
#[case::a_tenth_and_10_ms_are_borne("{ in_flight = 6, wait = \"60ms\" }", 3, 69.0, Verdict::Pass)]
#[case::too_many_wait("{ in_flight = 6, queue = 4 }", 6, 90.0, Verdict::Fail)]
#[case::the_whole_queue_is_used(
    "{ in_flight = 6, exact = true, queue = 3, wait = \"60ms\" }",
    3,
    60.0,
    Verdict::Pass
)]
#[case::one_more_might_wait("{ in_flight = 6, exact = true, queue = 4 }", 3, 60.0, Verdict::Fail)]
#[case::they_give_up_too_soon(
    "{ in_flight = 6, exact = true, queue = 3, wait = \"60ms\" }",
    3,
    40.0,
    Verdict::Fail
)]
#[case::ten_ms_less_are_borne(
    "{ in_flight = 6, exact = true, queue = 3, wait = \"60ms\" }",
    3,
    52.0,
    Verdict::Pass
)]
#[case::nobody_waits_at_all(
    "{ in_flight = 6, exact = true, wait = \"60ms\" }",
    0,
    60.0,
    Verdict::Inconclusive
)]
fn who_waits_is_counted_and_timed(
    #[case] demand: &str,
    #[case] waiting: usize,
    #[case] ms: f64,
    #[case] verdict: Verdict,
) {
    // So many of each round wait until `ms` later; the others are turned away at once.
    let run = rounds(6, move |n, call| call.rejected(503, if n % 12 < 6 + waiting { ms } else { 0.5 }));
    let finding = found(&run, &format!("limit = {demand}"));
    assert_eq!(finding.verdict, verdict, "{}\n{}", finding.observed, finding.because);
}

#[test]
fn a_class_that_is_starved_is_named_and_equal_ones_pass() {
    const FAIR: &str = "limit = { in_flight = 6, fair = 0.5 }";
    let finding = found(&turned_away(6), FAIR);
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    let starved = overload().calls(1_800, |n| {
        let (class, round) = (if n % 2 == 0 { "reads" } else { "writes" }, n % 12);
        let call = Call::due(class, 10.0 * n as f64 + 0.5);
        let goes_in = round % 2 == 0 || (round == 1 && n % 60 == 1);
        if goes_in { call.attempt(Try::hit("a", "latency").takes(119.0)) } else { call.rejected(503, 0.5) }
    });
    let finding = found(&starved, "limit = { in_flight = 7, fair = 0.5 }");
    assert_eq!(finding.verdict, Verdict::Fail, "{}", finding.observed);
    assert!(finding.summary.contains("`writes` was starved"), "{}", finding.summary);
}

#[rstest]
#[case::nothing_is_too_much(overload().calls(1_800, |n| Call::due("reads", 10.0 * n as f64).attempt(Try::ok("a"))))]
#[case::nothing_came(overload())]
fn where_the_limit_is_not_met_nothing_is_proven(#[case] run: Run) {
    let finding = found(&run, EXACT);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.because);
    assert!(finding.remedy.is_some());
}

#[test]
fn what_makes_no_sense_is_refused_and_what_is_too_little_is_told_before_the_run() {
    for wrong in ["{ in_flight = 0 }", "{ in_flight = 1, wait = \"0s\" }", "{ in_flight = 1, fair = 0.0 }"] {
        let settings = settings(&format!("limit = {wrong}")).unwrap();
        assert!(settings.contract().problem().is_some(), "{wrong}");
    }
    // 90 requests a second, 50 ms each, are 4.5 under way.
    let foreseen = |in_flight| {
        let demand = format!("limit = {{ in_flight = {in_flight} }}");
        foreseen(&turned_away(6), "overload", "", &demand).remove(0)
    };
    assert!(foreseen(5).falls_short() && !foreseen(4).falls_short());
}
