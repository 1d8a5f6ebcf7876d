//! `rate_limit` on made ledgers.

use evidence::Method;
use reports::Verdict;
use rstest::rstest;

use crate::testing::{Call, Judging, Run, Try};

/// Ten requests a second for 20 s; in each window of 1 s the first `passes` reach the backend 1 ms after they were sent.
fn windows(passes: usize, answered: fn(Call) -> Call) -> Run {
    let run = Run::new().phase("rush", 20.0).backend("a").class("reads", Method::Get);
    run.calls(200, move |n| {
        let call = Call::due("reads", 100.0 * n as f64 + 0.5);
        if n % 10 < passes { call.attempt(Try::ok("a").takes(5.0)) } else { answered(call) }
    })
}

fn found(run: &Run, demand: &str) -> reports::Finding {
    run.finding("rush", "", demand)
}

fn away(call: Call) -> Call {
    call.rejected(429, 0.5)
}

#[test]
fn a_limit_that_holds_and_is_used_passes() {
    let finding = found(&windows(4, away), "rate_limit = { calls = 4, per = \"1s\", exact = true }");
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    insta::assert_snapshot!(format!("{}\n{}", finding.summary, finding.observed));
}

#[rstest]
#[case::one_more_is_let_through(5, "{ calls = 4, per = \"1s\" }", Verdict::Fail)]
#[case::one_fewer_is_let_through(3, "{ calls = 4, per = \"1s\", exact = true }", Verdict::Fail)]
#[case::one_fewer_is_left_open_without_exact(3, "{ calls = 4, per = \"1s\" }", Verdict::Inconclusive)]
#[case::no_limit_at_all(10, "{ calls = 4, per = \"1s\" }", Verdict::Fail)]
#[case::a_limit_that_nobody_reaches(10, "{ calls = 40, per = \"1s\", exact = true }", Verdict::Inconclusive)]
#[case::a_bucket_that_would_have_held_more(
    4,
    "{ calls = 4, per = \"1s\", window = \"bucket\" }",
    Verdict::Inconclusive
)]
#[case::more_than_the_bucket_holds(10, "{ calls = 4, per = \"1s\", window = \"bucket\" }", Verdict::Fail)]
#[case::nobody_is_told_when_to_come_back(4, "{ calls = 4, per = \"1s\", retry_after = true }", Verdict::Fail)]
fn what_breaks_a_limit_is_caught_and_what_shows_nothing_is_left_open(
    #[case] passes: usize,
    #[case] demand: &str,
    #[case] verdict: Verdict,
) {
    let finding = found(&windows(passes, away), &format!("rate_limit = {demand}"));
    assert_eq!(finding.verdict, verdict, "{}\n{}", finding.summary, finding.because);
    if verdict == Verdict::Fail {
        assert!(!finding.witnesses.is_empty());
    }
}

/// A bucket of four, into which four come in a second, with this many more than it should hold at the beginning.
fn bucket(more: f64) -> Run {
    let run = Run::new().phase("rush", 20.0).backend("a").class("reads", Method::Get);
    let mut level = 4.0 + more;
    let passes: Vec<bool> = (0..200)
        .map(|n| {
            level = if n == 0 { level } else { f64::min(level + 0.4, 4.0 + more) };
            let passes = level >= 1.0;
            level -= f64::from(u8::from(passes));
            passes
        })
        .collect();
    run.calls(200, move |n| {
        let call = Call::due("reads", 100.0 * n as f64 + 0.5);
        if passes[n] { call.attempt(Try::ok("a").takes(5.0)) } else { away(call) }
    })
}

#[test]
fn a_bucket_may_hold_what_it_holds_and_no_more() {
    let demand = "rate_limit = { calls = 4, per = \"1s\", window = \"bucket\" }";
    assert_eq!(found(&bucket(0.0), demand).verdict, Verdict::Pass);
    assert_eq!(found(&bucket(1.0), demand).verdict, Verdict::Fail);
}

#[test]
fn other_answers_without_an_attempt_are_no_ones_that_were_turned_away() {
    let finding = found(
        &windows(4, |call| call.rejected(503, 0.5)),
        "rate_limit = { calls = 4, per = \"1s\", retry_after = true }",
    );
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.because);
}

#[test]
fn a_limit_of_what_is_under_way_may_have_turned_them_away_as_well() {
    let limit = Some(policy::Limit::new(1));
    let run = windows(3, away).policy(policy::Policy { limit, ..policy::Policy::default() });
    let finding = found(&run, "rate_limit = { calls = 4, per = \"1s\", exact = true }");
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.because);
}
