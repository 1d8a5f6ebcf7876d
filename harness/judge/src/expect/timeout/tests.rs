//! Timers that fire late, early or never are caught, and those on time are not.

use std::time::Duration;

use evidence::{End, Method, Outcome, Planned};
use policy::{Policy, Retry, RetryOn, Timeouts};
use proptest::prelude::*;
use reports::{Finding, Verdict};
use rstest::rstest;
use units::{Moment, Timespan};

use crate::forecast::{Forecast, Outlook};
use crate::testing::{Call, Judging, Run, Try, settings};

const BOTH: &str = r#"timeout = { per_try = "300ms", total = "2s", status = [504] }"#;
const PER_TRY: &str = r#"timeout = { per_try = "300ms" }"#;
const TOTAL: &str = r#"timeout = { total = "2s" }"#;
const STATUS: &str = r#"timeout = { per_try = "300ms", status = [504] }"#;

fn run() -> Run {
    let run = Run::new().class("reads", Method::Get).backend("a").backend("b").phase("hang", 100_000.0);
    run.fault("hang", "hang", &["a", "b"])
}

fn hung(lives: f64) -> Try {
    Try::hit("a", "hang").takes(lives)
}

/// A request whose attempts are all held and live for so many milliseconds, and that ends with a 504.
fn call(n: usize, lives: &[f64]) -> Call {
    let call = Call::due("reads", n as f64 * 100.0).row(|exchange| exchange.status = 504);
    lives.iter().fold(call, |call, lives| call.attempt(hung(*lives)))
}

fn held(count: usize, lives: &[f64]) -> Run {
    run().calls(count, |n| call(n, lives))
}

fn found(run: &Run, demand: &str) -> Finding {
    run.finding("hang", "", demand)
}

#[track_caller]
fn assert_found(run: &Run, demand: &str, verdict: Verdict) -> Finding {
    let finding = found(run, demand);
    assert_eq!(finding.verdict, verdict, "{finding:#?}");
    finding
}

#[test]
fn timers_that_fire_on_time_pass_and_their_figures_are_named() {
    let lives = |n: usize| 299.0 + n as f64 / 20.0;
    let run = run().calls(100, |n| call(n, &[lives(n); 2]));
    let run = run.calls(80, |n| call(200 + n, &[300.0, 300.0, 300.0, 300.0, 300.0, 300.0, 199.0]));
    let finding = assert_found(&run, BOTH, Verdict::Pass);
    insta::assert_snapshot!(finding.summary);
    insta::assert_snapshot!(finding.observed);
    insta::assert_snapshot!(finding.expected);
    assert_eq!(finding.excludes, Some(0.05));
    let medians: Vec<_> = finding.estimates.iter().map(|one| (one.value, one.unit.as_str())).collect();
    assert_eq!(medians, [(Some(300.0), "ms"), (Some(2_000.6), "ms")]);
}

#[rstest]
#[case::twice_as_long(300.0, 600.0)]
#[case::early(300.0, 200.0)]
#[case::a_sixth_too_late(300.0, 349.0)]
#[case::half_as_long_again(100.0, 149.0)]
fn a_timer_of_another_length_is_caught(#[case] timer: f64, #[case] lives: f64) {
    let finding =
        assert_found(&held(50, &[lives]), &format!("timeout = {{ per_try = '{timer}ms' }}"), Verdict::Fail);
    assert!(!finding.witnesses.is_empty());
}

#[test]
fn the_median_is_that_of_the_attempts_that_are_off() {
    let run = held(179, &[300.0]).calls(59, |n| call(300 + n, &[450.0]));
    let finding = assert_found(&run, PER_TRY, Verdict::Fail);
    insta::assert_snapshot!(finding.summary, @"the per-try timer of 300 ms fired late for 59 of 238 attempts: they were given up after 450 ms (median)");
}

#[test]
fn attempts_that_live_until_the_client_leaves_show_that_no_timer_fired() {
    let run = run().calls(20, |n| call(n, &[5_000.0]).ends(Outcome::ClientTimeout, 5_000.0));
    let finding = assert_found(&run, PER_TRY, Verdict::Fail);
    insta::assert_snapshot!(finding.summary, @"the per-try timer of 300 ms did not fire: 20 of 20 held attempts were never given up and lived for 5 s (median)");
    assert_found(&run, TOTAL, Verdict::Fail);
}

#[test]
fn slow_answers_that_come_through_show_that_no_timer_fired() {
    let late = hung(1_000.0).row(|attempt| {
        (attempt.planned, attempt.end, attempt.delay) = (Planned::Answer, End::Replied, 1_000_000_000);
    });
    let run = run().calls(20, |n| Call::due("reads", n as f64 * 100.0).attempt(late.clone()));
    let finding = assert_found(&run, PER_TRY, Verdict::Fail);
    assert!(finding.summary.contains("did not fire"), "{finding:#?}");
}

#[test]
fn a_timer_that_fires_after_the_client_has_left_is_still_seen() {
    let left = |lives: f64| run().calls(100, move |n| call(n, &[lives]).ends(Outcome::ClientTimeout, 100.0));
    assert_found(&left(300.0), PER_TRY, Verdict::Pass);
    assert_found(&left(600.0), PER_TRY, Verdict::Fail);
    let finding = assert_found(&left(101.0), PER_TRY, Verdict::Inconclusive);
    assert_eq!(finding.set_aside[0].why, "the client left first");
    assert_found(&left(200.0), PER_TRY, Verdict::Inconclusive);
}

#[test]
fn a_request_that_its_client_held_up_shows_a_wrong_timer_only_beyond_that() {
    let uploaded = |held_ms: u64| {
        run().calls(80, move |n| call(n, &[2_500.0]).row(move |exchange| exchange.held = held_ms * 1_000_000))
    };
    let finding = assert_found(&uploaded(600), TOTAL, Verdict::Inconclusive);
    assert_eq!(finding.set_aside[0].why, "the client itself held it up by as much as that");
    assert_found(&uploaded(100), TOTAL, Verdict::Fail);
    assert_found(&uploaded(0), TOTAL, Verdict::Fail);
}

#[test]
fn a_timer_that_leaves_its_connection_open_has_fired() {
    let open = run().calls(80, |n| call(n, &[9_000.0]).rejected(504, 300.0));
    let finding = assert_found(&open, STATUS, Verdict::Pass);
    assert!(finding.observed.contains("80 of them with the connection left open"), "{finding:#?}");
    let late = run().calls(80, |n| call(n, &[9_000.0]).rejected(504, 500.0));
    assert_found(&late, PER_TRY, Verdict::Fail);
}

/// A second attempt that arrives so long after the request was sent, beside the first one.
fn beside(ms: f64, n: usize) -> Try {
    let arrived = Moment(((n as f64 * 100.0 + ms) * 1e6) as i64);
    let replied = arrived + Duration::from_millis(2);
    Try::ok("b").row(move |attempt| {
        (attempt.arrived, attempt.ended, attempt.replied) = (arrived, replied, Some(replied));
    })
}

#[rstest]
#[case::a_hedge(100.0, 102.1, Verdict::Inconclusive)]
#[case::the_timer_of_an_open_connection(300.0, 302.3, Verdict::Pass)]
fn the_loser_of_two_attempts_at_a_time_is_no_early_timer(
    #[case] second: f64,
    #[case] lives: f64,
    #[case] verdict: Verdict,
) {
    let run = run()
        .calls(100, |n| Call::due("reads", n as f64 * 100.0).attempt(hung(lives)).attempt(beside(second, n)));
    assert_found(&run, PER_TRY, verdict);
}

#[test]
fn an_early_timer_before_a_quick_second_attempt_is_early() {
    let run =
        run().calls(100, |n| call(n, &[100.0]).attempt(Try::ok("b").after(0.1)).row(|row| row.status = 200));
    assert_found(&run, PER_TRY, Verdict::Fail);
}

#[test]
fn an_attempt_that_the_declared_total_cut_short_is_not_early_and_without_one_it_is() {
    let run = held(100, &[300.0, 100.0]);
    let finding = assert_found(&run, PER_TRY, Verdict::Fail);
    insta::assert_snapshot!(finding.summary);
    assert_found(&run, r#"timeout = { per_try = "300ms", total = "400ms" }"#, Verdict::Pass);
    let declared = run.policy(declared(Some(300), Some(400), 2));
    assert_found(&declared, PER_TRY, Verdict::Pass);
}

fn declared(per_try: Option<u64>, total: Option<u64>, attempts: u16) -> Policy {
    let timeout = Timeouts {
        connect: None,
        per_try: per_try.map(Timespan::from_millis),
        total: total.map(Timespan::from_millis),
    };
    let retry = Some(Retry::new(attempts, vec![RetryOn::Timeout]));
    Policy { timeout, retry, ..Policy::default() }
}

#[rstest]
#[case::early(&[700.0], Verdict::Fail)]
#[case::early_in_the_second_attempt(&[600.0, 300.0], Verdict::Fail)]
#[case::on_time(&[900.0, 900.0, 199.0], Verdict::Pass)]
#[case::late(&[900.0, 900.0, 900.0], Verdict::Fail)]
#[case::no_need_to_fire(&[300.0, 300.0], Verdict::Inconclusive)]
fn a_timer_for_the_whole_request_is_measured_where_it_has_to_fire(
    #[case] lives: &[f64],
    #[case] verdict: Verdict,
) {
    assert_found(&held(100, lives), TOTAL, verdict);
}

#[test]
fn a_request_that_its_declared_per_try_timer_ended_shows_no_total() {
    let run = held(100, &[700.0]).policy(declared(Some(700), Some(2_000), 1));
    let finding = assert_found(&run, TOTAL, Verdict::Inconclusive);
    assert!(finding.remedy.is_some_and(|remedy| remedy.contains("last longer than 2.21 s")));
    let finding = assert_found(&held(100, &[700.0]), TOTAL, Verdict::Fail);
    insta::assert_snapshot!(finding.summary);
}

#[test]
fn a_total_that_fires_after_the_client_has_left_is_still_seen() {
    let run = run().calls(100, |n| call(n, &[1_999.8]).ends(Outcome::ClientTimeout, 500.0));
    assert_found(&run, TOTAL, Verdict::Pass);
}

#[test]
fn a_deadline_that_is_only_looked_at_between_attempts_is_named_so() {
    let finding = assert_found(&held(20, &[900.0; 3]), TOTAL, Verdict::Fail);
    insta::assert_snapshot!(finding.summary);
    let slow = run().calls(20, |n| {
        let call = call(n, &[900.0]).attempt(hung(1_500.0));
        call.row(|exchange| exchange.status = 504)
    });
    let finding = assert_found(&slow, TOTAL, Verdict::Fail);
    assert!(!finding.summary.contains("soft"), "{finding:#?}");
}

#[test]
fn a_deadline_after_which_attempts_are_still_begun_is_named_so() {
    let finding = assert_found(&held(20, &[900.0; 4]), TOTAL, Verdict::Fail);
    assert!(finding.summary.contains("tried again after the deadline"), "{finding:#?}");
}

#[test]
fn another_status_than_demanded_is_caught() {
    let finding = assert_found(
        &held(100, &[300.0]),
        r#"timeout = { per_try = "300ms", status = [502] }"#,
        Verdict::Fail,
    );
    assert!(
        finding.summary.contains("100 of 100 requests that timed out ended with 504 instead of 502"),
        "{finding:#?}"
    );
}

#[test]
fn a_last_attempt_that_may_be_hidden_says_nothing_of_the_status() {
    // The second attempt went to a backend that refuses: 502 is right, and no second attempt is on record.
    let refused = run().fault("hang", "refuse", &["b"]).firing("refuse", "b", 0.0, 100_000_000.0);
    let refused = refused.calls(100, |n| call(n, &[300.0]).row(|exchange| exchange.status = 502));
    assert_found(&refused, STATUS, Verdict::Inconclusive);
    assert_found(&refused, PER_TRY, Verdict::Pass);
}

#[rstest]
#[case::on_time(300.0, 60.0, Verdict::Pass)]
#[case::all_late(390.0, 60.0, Verdict::Fail)]
#[case::late_by_less_than_the_stall(345.0, 60.0, Verdict::Fail)]
#[case::a_long_one(300.0, 600.0, Verdict::Pass)]
fn a_stall_hides_what_it_touches_and_no_more(
    #[case] lives: f64,
    #[case] stall: f64,
    #[case] verdict: Verdict,
) {
    let finding = assert_found(&held(600, &[lives]).hiccup(1_000.0, stall), PER_TRY, verdict);
    assert!(!finding.set_aside.is_empty(), "{finding:#?}");
}

#[rstest]
#[case::empty(run(), BOTH)]
#[case::too_few(held(5, &[300.0]), PER_TRY)]
#[case::too_few_to_exclude_one_in_twenty(held(50, &[300.0]), PER_TRY)]
#[case::nothing_held(run().calls(80, |n| Call::due("reads", n as f64).attempt(Try::ok("a"))), BOTH)]
#[case::stalled_all_along(held(80, &[300.0]).hiccup(0.0, 9_000.0), PER_TRY)]
#[case::fewer_than_asked_for(held(80, &[300.0]).samples_min(90), PER_TRY)]
#[case::none_asked_for(run().calls(80, |n| Call::due("reads", n as f64).attempt(Try::ok("a"))).samples_min(0), PER_TRY)]
fn what_shows_no_timer_proves_nothing(#[case] run: Run, #[case] demand: &str) {
    let finding = assert_found(&run, demand, Verdict::Inconclusive);
    assert!(finding.remedy.is_some(), "{finding:#?}");
}

#[test]
fn what_a_neighbouring_phase_hit_says_nothing_here() {
    let run = Run::new().class("reads", Method::Get).backend("a").phase("before", 10.0).phase("hang", 100.0);
    let run = run
        .fault("before", "hang", &["a"])
        .calls(80, |n| Call::due("reads", 9_000.0 + n as f64).attempt(Try::hit("a", "hang").takes(700.0)));
    assert_found(&run, PER_TRY, Verdict::Inconclusive);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for inner in
        ["", r#"per_try = "20ms", tolerance = "20ms""#, r#"total = "1s", status = []"#, r#"total = "0ms""#]
    {
        assert!(
            settings(&format!("timeout = {{ {inner} }}")).unwrap().contract().problem().is_some(),
            "{inner}"
        );
    }
    assert_eq!(settings(BOTH).unwrap().contract().problem(), None);
}

fn foreseen(run: &Run, demand: &str, requests: u64, deadline: u64) -> Vec<Forecast> {
    let (mut brief, _) = run.build();
    brief.traffic[0].planned = Some(vec![requests]);
    brief.traffic[0].deadline = Timespan::from_millis(deadline);
    let outlook = Outlook { brief: &brief, place: run.place("hang", "") };
    settings(demand).unwrap().contract().forecast(&outlook)
}

#[test]
fn before_a_run_a_timer_that_cannot_be_seen_is_told() {
    let blind = |run: &Run, demand: &str, deadline| {
        let foreseen = foreseen(run, demand, 1_000, deadline);
        assert!(matches!(&foreseen[..], [Forecast::CannotPass(_)]), "{foreseen:?}");
    };
    blind(&run().policy(declared(Some(300), None, 2)), TOTAL, 30_000);
    blind(&run().policy(declared(None, Some(100), 2)), PER_TRY, 30_000);
    blind(&run(), PER_TRY, 250);
    let short = Run::new().class("reads", Method::Get).backend("a").phase("hang", 10.0);
    let foreseen_of = foreseen(&short.fault("hang", "latency", &["a"]), PER_TRY, 1_000, 30_000);
    assert!(foreseen_of.iter().all(Forecast::falls_short), "{foreseen_of:?}");
    let enough = foreseen(&run().policy(declared(Some(300), Some(2_000), 9)), BOTH, 1_000, 30_000);
    assert_eq!(enough.len(), 2);
    assert!(!enough.iter().any(Forecast::falls_short), "{enough:?}");
}

proptest! {
    #[test]
    fn no_ledger_makes_it_panic(lives in prop::collection::vec((0.0f64..9e6, 0u8..4, any::<bool>()), 0..40), stall in 0.0f64..1e9) {
        let run = run().hiccup(5.0, stall).calls(lives.len(), |n| {
            let (takes, attempts, left) = lives[n];
            let call = Call::due("reads", n as f64);
            let call = (0..attempts).fold(call, |call, _| call.attempt(hung(takes)));
            if left { call.ends(Outcome::ClientTimeout, takes) } else { call }
        });
        for demand in [BOTH, r#"timeout = { per_try = "99999999999s", total = "99999999999s" }"#] {
            prop_assert!(!found(&run, demand).summary.is_empty());
        }
    }

    #[test]
    fn a_timer_within_its_tolerance_never_fails_and_one_beyond_it_never_passes(timer in 100.0f64..2_000.0, off in -0.5f64..0.5) {
        let run = held(80, &[timer * (1.0 + off)]);
        let verdict = found(&run, &format!("timeout = {{ per_try = '{timer:.3}ms' }}")).verdict;
        if off.abs() < 0.099 { prop_assert_eq!(verdict, Verdict::Pass) }
        if off.abs() > 0.101 + 1.1 / timer { prop_assert_eq!(verdict, Verdict::Fail) }
    }
}
