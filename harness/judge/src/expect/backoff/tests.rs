//! Waits of another kind than demanded are caught, and those as demanded are not.

use evidence::{End, Method};
use proptest::prelude::*;
use reports::Verdict;
use rstest::rstest;

use crate::Judged;
use crate::reconstruct::model::Draws;
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

fn judged(run: &Run, demand: &str) -> Judged {
    run.judged("p", "", demand)
}

#[rstest]
#[case(NONE, |_| 0.5)]
#[case(FIXED, |_| 103.0)]
#[case(GROWING, |nth| [50.0, 101.0, 152.0, 150.0][nth - 1])]
fn waits_as_demanded_pass(#[case] demand: &str, #[case] wait: fn(usize) -> f64) {
    let judged = judged(&waiting(50, 4, wait), demand);
    assert_eq!(judged.verdict, Verdict::Pass, "{judged:#?}");
    assert_eq!(judged.observations, 200);
}

#[rstest]
#[case(NONE, |_| 100.0, "longer than the backoff allows")]
#[case(FIXED, |_| 0.5, "shorter than the backoff allows")]
#[case(GROWING, |_| 50.0, "50 ms before attempt 3 instead of 100 ms")]
#[case(GROWING, |nth| [50.0, 100.0, 200.0, 400.0][nth - 1], "200 ms before attempt 4 instead of 150 ms")]
#[case(JITTER, |_| 900.0, "instead of at most 200 ms")]
#[case(JITTER, |nth| [200.0, 400.0, 400.0, 400.0][nth - 1], "are not jittered")]
#[case(JITTER, |_| 0.5, "are not jittered")]
fn waits_of_another_kind_are_caught(
    #[case] demand: &str,
    #[case] wait: fn(usize) -> f64,
    #[case] words: &str,
) {
    let judged = judged(&waiting(50, 4, wait), demand);
    assert_eq!(judged.verdict, Verdict::Fail, "{judged:#?}");
    assert!(format!("{}; {}", judged.summary, judged.because).contains(words), "{judged:#?}");
}

#[rstest]
fn full_jitter_passes_and_half_jitter_is_caught(
    #[values(1, 2, 3, 4, 5, 6, 7, 8)] seed: u64,
    #[values(40, 400)] count: usize,
) {
    let mut draws = Draws(seed);
    let full = waiting(count, 2, |nth| 0.4 + 200.0 * nth as f64 * draws.part());
    assert_eq!(judged(&full, JITTER).verdict, Verdict::Pass, "{:#?}", judged(&full, JITTER));
    let half = waiting(count, 2, |nth| 200.0 * nth as f64 * (0.5 + draws.part() / 2.0));
    let judged = judged(&half, JITTER);
    assert!(judged.summary.contains("not spread evenly up to 200 ms"), "{judged:#?}");
}

#[test]
fn a_missing_backoff_reads_as_a_sentence() {
    let judged = judged(&waiting(50, 1, |_| 0.5), FIXED);
    insta::assert_snapshot!(judged.summary, @"50 of 50 waits before a further attempt were shorter than the backoff allows: 500 µs before attempt 2 instead of 100 ms, for one");
    insta::assert_snapshot!(judged.observed, @"before attempt 2: median 500 µs, p99 500 µs, max 500 µs of 50");
    insta::assert_snapshot!(judged.expected, @"each waits 100 ms; tolerance 20 ms");
}

#[test]
fn a_gap_before_which_the_attempt_was_left_open_is_not_measured() {
    let run = run().calls(30, |n| {
        let open =
            Try::hit("a", "status").ends(End::AbandonedFin).row(|attempt| attempt.ended.0 += 500_000_000);
        let next = Try::ok("b").row(|attempt| {
            (attempt.arrived.0, attempt.ended.0) = (attempt.arrived.0 - 400_000_000, attempt.ended.0);
        });
        Call::due("reads", n as f64 * 1_000.0).attempt(open).attempt(next)
    });
    let judged = judged(&run, FIXED);
    assert_eq!(judged.verdict, Verdict::Inconclusive, "{judged:#?}");
    assert!(judged.summary.contains("still held the attempt before"), "{judged:#?}");
}

#[rstest]
#[case::empty(run(), NONE)]
#[case::too_few(waiting(5, 1, |_| 100.0), FIXED)]
#[case::too_few_for_a_shape(waiting(20, 1, |_| 100.0), JITTER)]
#[case::noise(waiting(50, 1, |_| 100.0).hiccup(9.0, 30.0), FIXED)]
#[case::hidden(waiting(50, 1, |_| 100.0).fault("p", "refuse", &["a"]), FIXED)]
#[case::shapeless(waiting(50, 1, |n| n as f64), r#"backoff = { full_jitter = { base = "4ms" } }"#)]
fn too_little_proves_nothing(#[case] run: Run, #[case] demand: &str) {
    let judged = judged(&run, demand);
    assert_eq!(judged.verdict, Verdict::Inconclusive, "{judged:#?}");
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
            prop_assert!(!judged(&run, demand).summary.is_empty());
        }
    }
}
