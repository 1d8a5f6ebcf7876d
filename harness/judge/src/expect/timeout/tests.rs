//! Timers that fire late, early or never are caught, and those on time are not.

use evidence::{End, Method, Outcome};
use proptest::prelude::*;
use reports::Verdict;
use rstest::rstest;

use crate::Judged;
use crate::testing::{Call, Judging, Run, Try, settings};

const BOTH: &str = r#"timeout = { per_try = "300ms", total = "2s", status = [504] }"#;
const PER_TRY: &str = r#"timeout = { per_try = "300ms" }"#;
const TOTAL: &str = r#"timeout = { total = "2s" }"#;

fn run() -> Run {
    Run::new().class("reads", Method::Get).backend("a").backend("b").phase("hang", 100_000.0).fault(
        "hang",
        "hang",
        &["a", "b"],
    )
}

/// Requests whose attempts are all held and last `lives` milliseconds, and that end with a 504.
fn held(count: usize, lives: fn(usize) -> f64, attempts: usize) -> Run {
    run().calls(count, |n| {
        let call = Call::due("reads", n as f64 * 100.0).row(|exchange| exchange.status = 504);
        (0..attempts).fold(call, |call, _| call.attempt(Try::hit("a", "hang").takes(lives(n))))
    })
}

fn judged(run: &Run, demand: &str) -> Judged {
    run.judged("hang", "", demand)
}

#[test]
fn timers_that_fire_on_time_pass_and_their_figures_are_named() {
    let judged = judged(&held(100, |n| 299.0 + n as f64 / 20.0, 2), BOTH);
    assert_eq!(judged.verdict, Verdict::Pass, "{judged:#?}");
    insta::assert_snapshot!(judged.summary, @"what hung was given up on time: attempts given up after median 301 ms, p99 304 ms, max 304 ms of 200; requests that hung took median 604 ms, p99 608 ms, max 608 ms of 100, the timer for the whole request never had to fire");
    insta::assert_snapshot!(judged.expected, @"attempts are given up after 300 ms ± 50 ms; requests end within 2 s + 50 ms; the client sees 504");
}

#[test]
fn a_timer_that_takes_twice_as_long_is_caught() {
    let judged = judged(&held(50, |_| 600.0, 1), PER_TRY);
    assert_eq!(judged.verdict, Verdict::Fail);
    insta::assert_snapshot!(judged.summary, @"the per-try timer of 300 ms fired late for 50 of 50 attempts: they were given up after 600 ms (median)");
    assert!(!judged.witnesses.is_empty());
}

#[test]
fn a_timer_that_fires_early_is_caught() {
    let judged = judged(&held(50, |_| 200.0, 1), PER_TRY);
    assert_eq!(judged.verdict, Verdict::Fail);
    assert!(judged.summary.contains("fired early for 50 of 50"), "{judged:#?}");
}

#[test]
fn attempts_that_live_until_the_client_leaves_show_that_no_timer_fired() {
    let run = run().calls(20, |n| {
        let call = Call::due("reads", n as f64 * 100.0).attempt(Try::hit("a", "hang").takes(5_000.0));
        call.ends(Outcome::ClientTimeout, 5_000.0)
    });
    let judged = judged(&run, PER_TRY);
    assert_eq!(judged.verdict, Verdict::Fail);
    insta::assert_snapshot!(judged.summary, @"the per-try timer of 300 ms did not fire: 20 of 20 held attempts were never given up and lived for 5 s");
    assert_eq!(self::judged(&run, TOTAL).verdict, Verdict::Fail);
}

#[test]
fn slow_answers_that_come_through_show_that_no_timer_fired() {
    let late = Try::hit("a", "hang").row(|attempt| {
        (attempt.planned, attempt.end, attempt.delay) =
            (evidence::Planned::Answer, End::Replied, 1_000_000_000);
    });
    let run = run().calls(20, |n| Call::due("reads", n as f64 * 100.0).attempt(late.clone().takes(1_000.0)));
    let judged = judged(&run, PER_TRY);
    assert!(judged.summary.contains("did not fire"), "{judged:#?}");
}

#[test]
fn a_last_attempt_that_the_whole_request_cut_short_is_not_early() {
    let run = held(20, |_| 300.0, 6).calls(20, |n| {
        let call = Call::due("reads", 10_000.0 + n as f64 * 100.0);
        let call = (0..6).fold(call, |call, _| call.attempt(Try::hit("a", "hang")));
        call.attempt(Try::hit("a", "hang").takes(190.0)).row(|exchange| exchange.status = 504)
    });
    assert_eq!(judged(&run, BOTH).verdict, Verdict::Pass);
    assert_eq!(judged(&run, PER_TRY).verdict, Verdict::Pass);
}

#[test]
fn a_deadline_that_is_only_looked_at_between_attempts_is_named_so() {
    let judged = judged(&held(20, |_| 900.0, 3), TOTAL);
    assert_eq!(judged.verdict, Verdict::Fail);
    insta::assert_snapshot!(judged.summary, @"20 of 20 requests outlived the timer of 2 s for the whole request, the longest by 701 ms: it is a soft deadline, only looked at between attempts, and the last attempt ran past it");
}

#[test]
fn a_deadline_after_which_attempts_are_still_begun_is_named_so() {
    let judged = judged(&held(20, |_| 900.0, 4), TOTAL);
    assert!(judged.summary.contains("tried again after the deadline"), "{judged:#?}");
}

#[test]
fn another_status_than_demanded_is_caught() {
    let run = held(20, |_| 300.0, 1);
    let judged = judged(&run, r#"timeout = { per_try = "300ms", status = [502] }"#);
    assert!(
        judged.summary.contains("20 of 20 requests that timed out ended with 504 instead of 502"),
        "{judged:#?}"
    );
}

#[rstest]
#[case::empty(run(), BOTH)]
#[case::too_few(held(5, |_| 300.0, 1), PER_TRY)]
#[case::nothing_held(run().calls(50, |n| Call::due("reads", n as f64).attempt(Try::ok("a"))), BOTH)]
#[case::noise(held(50, |_| 300.0, 1).hiccup(1_000.0, 80.0), PER_TRY)]
#[case::within_noise(held(50, |_| 370.0, 1).hiccup(1_000.0, 40.0), PER_TRY)]
#[case::no_total(held(50, |_| 300.0, 1).samples_min(60), TOTAL)]
fn what_shows_no_timer_proves_nothing(#[case] run: Run, #[case] demand: &str) {
    let judged = judged(&run, demand);
    assert_eq!(judged.verdict, Verdict::Inconclusive, "{judged:#?}");
}

#[test]
fn noise_does_not_hide_a_timer_that_is_off_by_more() {
    assert_eq!(judged(&held(50, |_| 900.0, 1).hiccup(1_000.0, 80.0), PER_TRY).verdict, Verdict::Fail);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for inner in ["", r#"per_try = "20ms""#, r#"total = "1s", status = []"#] {
        assert!(
            settings(&format!("timeout = {{ {inner} }}")).unwrap().contract().problem().is_some(),
            "{inner}"
        );
    }
    assert_eq!(settings(BOTH).unwrap().contract().problem(), None);
}

proptest! {
    #[test]
    fn no_ledger_makes_it_panic(lives in prop::collection::vec((0.0f64..9e6, 0u8..4, any::<bool>()), 0..40), stall in 0.0f64..1e9) {
        let run = run().hiccup(5.0, stall).calls(lives.len(), |n| {
            let (takes, attempts, left) = lives[n];
            let call = Call::due("reads", n as f64);
            let call = (0..attempts).fold(call, |call, _| call.attempt(Try::hit("a", "hang").takes(takes)));
            if left { call.ends(Outcome::ClientTimeout, takes) } else { call }
        });
        for demand in [BOTH, r#"timeout = { per_try = "99999999999s", total = "99999999999s" }"#] {
            prop_assert!(!judged(&run, demand).summary.is_empty());
        }
    }
}
