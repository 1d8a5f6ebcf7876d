//! Waits of another kind than demanded are caught, and those as demanded are not.

use evidence::{End, Method};
use measure::testing::model::Draws;
use policy::{Policy, Retry, RetryOn};
use proptest::prelude::*;
use reports::{Finding, Verdict};
use rstest::rstest;
use units::Timespan;

use crate::forecast::{Forecast, Outlook};
use crate::testing::{Call, Judging, Run, Try, settings};

const NONE: &str = "backoff = { none = true }";
const FIXED: &str = r#"backoff = { fixed = "100ms" }"#;
const GROWING: &str = r#"backoff = { exponential = { base = "50ms", max = "150ms" } }"#;
const JITTER: &str = r#"backoff = { full_jitter = { base = "200ms", max = "400ms" } }"#;

fn run() -> Run {
    Run::new().class("reads", Method::Get).backend("a").backend("b").phase("p", 100_000.0).fault(
        "p",
        "status",
        &["a", "b"],
    )
}

/// Requests with one more attempt than there are waits, which are given by request and gap.
fn waiting(count: usize, gaps: usize, mut wait: impl FnMut(usize) -> f64) -> Run {
    (0..count).fold(run(), |run, n| {
        let call = Call::due("reads", n as f64 * 1_000.0).attempt(Try::hit("a", "status"));
        run.call((1..=gaps).fold(call, |call, nth| call.attempt(Try::hit("b", "status").after(wait(nth)))))
    })
}

fn found(run: &Run, demand: &str) -> Finding {
    run.finding("p", "", demand)
}

#[track_caller]
fn assert_found(run: &Run, demand: &str, verdict: Verdict) -> Finding {
    let finding = found(run, demand);
    assert_eq!(finding.verdict, verdict, "{finding:#?}");
    finding
}

#[rstest]
#[case(NONE, |_| 0.5)]
#[case(FIXED, |_| 103.0)]
#[case(GROWING, |nth| [50.0, 101.0, 152.0, 150.0][nth - 1])]
fn waits_as_demanded_pass(#[case] demand: &str, #[case] wait: fn(usize) -> f64) {
    let finding = assert_found(&waiting(80, 4, wait), demand, Verdict::Pass);
    assert_eq!(finding.observations, if demand == GROWING { 240 } else { 80 });
    assert_eq!(finding.estimates.len(), 4, "one for each gap number");
}

#[rstest]
#[case(NONE, |_| 100.0, "longer than the backoff allows")]
#[case(FIXED, |_| 0.5, "shorter than the backoff allows")]
#[case(FIXED, |_| 85.0, "shorter than the backoff allows")]
#[case(GROWING, |_| 50.0, "before attempt 3, 50 shorter than the backoff allows: 50 ms (median) instead of 100 ms")]
#[case(GROWING, |nth| [50.0, 100.0, 200.0, 400.0][nth - 1], "200 ms (median) instead of 150 ms")]
#[case(JITTER, |_| 900.0, "instead of at most 200 ms")]
#[case(JITTER, |nth| [200.0, 400.0, 400.0, 400.0][nth - 1], "are not jittered")]
#[case(JITTER, |_| 0.5, "are not jittered")]
#[case(r#"backoff = { fixed = "20ms" }"#, |_| 0.2, "shorter than the backoff allows")]
#[case(r#"backoff = { exponential = { base = "10ms" } }"#, |_| 0.2, "shorter than the backoff allows")]
fn waits_of_another_kind_are_caught(
    #[case] demand: &str,
    #[case] wait: fn(usize) -> f64,
    #[case] words: &str,
) {
    let finding = assert_found(&waiting(50, 4, wait), demand, Verdict::Fail);
    assert!(finding.summary.contains(words), "{finding:#?}");
}

#[test]
fn a_wrong_wait_before_a_late_attempt_is_not_hidden_among_the_others() {
    let run = waiting(1_000, 1, |_| 100.0);
    let few = |wait: f64| {
        (0..4).fold(run.clone(), |run, n| {
            let call = Call::due("reads", 2_000_000.0 + f64::from(n)).attempt(Try::hit("a", "status"));
            let second = call.attempt(Try::hit("b", "status").after(100.0));
            run.call(second.attempt(Try::hit("a", "status").after(wait)))
        })
    };
    let run = few(100.0);
    let finding = assert_found(&run, FIXED, Verdict::Pass);
    assert!(finding.observed.contains("4 gaps before later attempts"), "{finding:#?}");
    let finding = assert_found(&few(0.5), FIXED, Verdict::Fail);
    assert!(finding.summary.contains("of 4 waits before attempt 3"), "{finding:#?}");
}

#[test]
fn growth_must_have_been_seen() {
    let demand = r#"backoff = { exponential = { base = "100ms", factor = 2.0 } }"#;
    let finding = assert_found(&waiting(100, 1, |_| 100.0), demand, Verdict::Inconclusive);
    assert!(finding.remedy.is_some_and(|remedy| remedy.contains("fail the first two attempts")));
    assert_found(&waiting(100, 2, |nth| 100.0 * nth as f64), demand, Verdict::Pass);
    let level = r#"backoff = { exponential = { base = "100ms", factor = 1.0 } }"#;
    assert_found(&waiting(100, 1, |_| 100.0), level, Verdict::Pass);
}

#[rstest]
fn full_jitter_passes_and_half_jitter_is_caught(
    #[values(1, 2, 3, 4, 5, 6, 7, 8)] seed: u64,
    #[values(150, 400)] count: usize,
) {
    let mut draws = Draws(seed);
    let full = waiting(count, 2, |nth| 0.4 + 200.0 * nth as f64 * draws.part());
    assert_found(&full, JITTER, Verdict::Pass);
    let half = waiting(count, 2, |nth| 200.0 * nth as f64 * (0.5 + draws.part() / 2.0));
    let finding = assert_found(&half, JITTER, Verdict::Fail);
    assert!(finding.summary.contains("not spread evenly up to 200 ms"), "{finding:#?}");
}

#[rstest]
#[case::seven_tenths(0.3, 33)]
#[case::four_fifths(0.2, 100)]
#[case::nine_tenths(0.1, 250)]
fn jitter_over_a_part_of_its_range_never_passes(#[case] from: f64, #[case] count: usize) {
    for seed in 0..20 {
        let mut draws = Draws(seed);
        let run = waiting(count, 1, |_| 0.4 + 200.0 * (from + (1.0 - from) * draws.part()));
        assert_ne!(found(&run, JITTER).verdict, Verdict::Pass, "seed {seed}");
    }
}

#[test]
fn a_missing_backoff_reads_as_a_sentence() {
    let finding = assert_found(&waiting(50, 1, |_| 0.5), FIXED, Verdict::Fail);
    insta::assert_snapshot!(finding.summary, @"of 50 waits before attempt 2, 50 shorter than the backoff allows: 500 µs (median) instead of 100 ms");
    insta::assert_snapshot!(finding.observed, @"waits before attempt 2: median 500 µs, 500 µs to 500 µs, of 50");
    insta::assert_snapshot!(finding.expected, @"each waits 100 ms; tolerance a tenth, 10 ms for the first");
}

#[test]
fn a_gap_before_which_the_attempt_was_left_open_is_not_measured() {
    let run = run().calls(80, |n| {
        let open =
            Try::hit("a", "status").ends(End::AbandonedFin).row(|attempt| attempt.ended.0 += 500_000_000);
        let next = Try::ok("b").row(|attempt| {
            (attempt.arrived.0, attempt.ended.0) = (attempt.arrived.0 - 400_000_000, attempt.ended.0);
        });
        Call::due("reads", n as f64 * 1_000.0).attempt(open).attempt(next)
    });
    let finding = assert_found(&run, FIXED, Verdict::Inconclusive);
    assert!(finding.observed.contains("still held the attempt before"), "{finding:#?}");
}

#[rstest]
#[case::on_time(100.0, Verdict::Pass)]
#[case::late(150.0, Verdict::Fail)]
fn a_stall_hides_what_it_touches_and_no_more(#[case] wait: f64, #[case] verdict: Verdict) {
    assert_found(&waiting(100, 1, move |_| wait).hiccup(40_100.0, 25.0), FIXED, verdict);
}

#[test]
fn only_requests_under_way_during_a_refusal_are_set_aside() {
    let refused = Run::new().class("reads", Method::Get).backend("a").backend("b");
    let run = refused.phase("p", 100.0).fault("p", "status", &["a", "b"]);
    let run = run.phase("q", 1.0).fault("q", "refuse", &["b"]);
    let run = run.calls(100, |n| {
        let call = Call::due("reads", n as f64 * 900.0).attempt(Try::hit("a", "status"));
        call.attempt(Try::hit("b", "status").after(100.0))
    });
    assert_found(&run, FIXED, Verdict::Pass);
}

#[rstest]
#[case::empty(run(), NONE)]
#[case::too_few(waiting(5, 1, |_| 100.0), FIXED)]
#[case::too_few_to_exclude_one_in_twenty(waiting(50, 1, |_| 100.0), FIXED)]
#[case::too_few_for_a_shape(waiting(40, 1, |n| 40.0 * n as f64), JITTER)]
#[case::stalled_all_along(waiting(80, 1, |_| 100.0).hiccup(9.0, 80_000.0), FIXED)]
#[case::hidden(waiting(80, 1, |_| 100.0).fault("p", "refuse", &["a"]), FIXED)]
#[case::shapeless(waiting(80, 1, |n| n as f64), r#"backoff = { full_jitter = { base = "4ms" } }"#)]
#[case::nothing_tried_again(waiting(80, 0, |_| 0.0).samples_min(0), FIXED)]
#[case::a_tolerance_as_long_as_the_wait(waiting(80, 1, |_| 0.5), r#"backoff = { fixed = "20ms", tolerance = "20ms" }"#)]
fn too_little_proves_nothing(#[case] run: Run, #[case] demand: &str) {
    let finding = found(&run, demand);
    assert_ne!(finding.verdict, Verdict::Pass, "{finding:#?}");
    assert!(finding.verdict == Verdict::Fail || finding.remedy.is_some(), "{finding:#?}");
}

fn foreseen(attempts: Option<u16>, demand: &str, requests: u64) -> Vec<Forecast> {
    let (mut brief, _) = run().build();
    brief.traffic[0].planned = Some(vec![requests]);
    let retry = |attempts| Retry::new(attempts, vec![RetryOn::Status(503)]);
    let timeout = policy::Timeouts { per_try: Some(Timespan::from_secs(1)), ..Default::default() };
    brief.policy = Policy { timeout, retry: attempts.map(retry), ..Policy::default() };
    let outlook = Outlook { brief: &brief, place: run().place("p", "") };
    settings(demand).unwrap().contract().forecast(&outlook)
}

#[test]
fn before_a_run_waits_that_cannot_be_seen_are_told() {
    assert!(matches!(foreseen(None, FIXED, 500)[..], [Forecast::CannotPass(_)]));
    assert!(matches!(foreseen(Some(2), GROWING, 500)[..], [Forecast::CannotPass(_)]));
    let loose = r#"backoff = { fixed = "20ms", tolerance = "10s" }"#;
    assert!(matches!(foreseen(Some(2), loose, 500)[..], [Forecast::CannotFail(_)]));
    assert!(foreseen(Some(2), FIXED, 20).iter().all(Forecast::falls_short));
    let enough = foreseen(Some(3), GROWING, 500);
    assert_eq!(enough.len(), 2);
    assert!(!enough.iter().any(Forecast::falls_short), "{enough:?}");
}

#[test]
fn exactly_one_kind_must_be_chosen() {
    let problem = |inner: &str| settings(&format!("backoff = {{ {inner} }}")).unwrap().contract().problem();
    assert!(problem("").unwrap().contains("exactly one"));
    assert!(problem(r#"none = true, fixed = "1s""#).unwrap().contains("exactly one"));
    assert!(problem(r#"exponential = { base = "1s", factor = 0.5 }"#).unwrap().contains("`factor`"));
    assert!(
        problem(r#"full_jitter = { base = "1s", max = "1ms" }"#).unwrap().contains("shorter than `base`")
    );
    assert_eq!(problem("none = true"), None);
}

proptest! {
    #[test]
    fn no_ledger_makes_it_panic(waits in prop::collection::vec(0.0f64..1e7, 0..60), stall in 0.0f64..1e9) {
        let mut next = waits.iter().cycle();
        let run = waiting(waits.len(), 3, |_| *next.next().unwrap_or(&0.0)).hiccup(5.0, stall);
        for demand in [NONE, FIXED, GROWING, JITTER, r#"backoff = { full_jitter = { base = "0ms", factor = 100.0 } }"#] {
            prop_assert!(!found(&run, demand).summary.is_empty());
        }
    }
}
