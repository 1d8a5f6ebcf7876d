//! A gateway that answers again and is not itself again is caught.

use evidence::Method;
use reports::{Finding, Verdict};
use rstest::rstest;

use crate::testing::{Call, Judging, Run, Try, settings};

const DEMAND: &str = "stable_after = { within = '1s' }";

/// 200 requests a second; after the outage each takes `takes` milliseconds and arrives `arrivals` times, and every
/// `failing`th fails, from so many milliseconds after the fault up to so many.
fn run(takes: f64, arrivals: usize, failing: usize, during: (f64, f64)) -> Run {
    let run = Run::new().class("reads", Method::Get).backend("a").backend("b");
    let run = run.phase("steady", 3.0).phase("outage", 3.0).phase("recovery", 5.0);
    run.fault("outage", "status", &["a"]).calls(2_200, move |n| {
        let ms = n as f64 * 5.0;
        let call = Call::due("reads", ms);
        if (3_000.0..6_000.0).contains(&ms) {
            return call.attempt(if n % 2 == 0 { Try::hit("a", "status") } else { Try::ok("b") });
        }
        if ms < 6_000.0 + during.0 || ms >= 6_000.0 + during.1 {
            return call.attempt(Try::ok("b"));
        }
        let status = if n % failing == 0 { 503 } else { 200 };
        (0..arrivals).fold(call, |call, _| call.attempt(Try::ok("b").takes(takes).status(status)))
    })
}

fn judged(run: &Run) -> Finding {
    run.finding("recovery", "reads", DEMAND)
}

const WHOLE: (f64, f64) = (0.0, 5_000.0);

#[rstest]
#[case::as_before(run(2.0, 1, usize::MAX, WHOLE), Verdict::Pass)]
#[case::slow_in_time(run(3_000.0, 3, 2, (0.0, 900.0)), Verdict::Pass)]
#[case::every_answer_takes_three_seconds(run(3_000.0, 1, usize::MAX, WHOLE), Verdict::Fail)]
#[case::slower_by_a_fifth_and_more(run(10.0, 1, usize::MAX, WHOLE), Verdict::Fail)]
#[case::each_is_still_sent_three_times(run(1.0, 3, usize::MAX, WHOLE), Verdict::Fail)]
#[case::one_in_ten_fails(run(2.0, 1, 10, WHOLE), Verdict::Fail)]
fn what_an_outage_leaves_behind_is_found(#[case] run: Run, #[case] verdict: Verdict) {
    let finding = judged(&run);
    assert_eq!(finding.verdict, verdict, "{finding:#?}");
    assert!(!finding.estimates.is_empty());
}

#[rstest]
#[case::no_fault_before("outage", DEMAND)]
#[case::too_short("recovery", "stable_after = { within = '9s' }")]
#[case::another_phase_that_is_not_there("recovery", "stable_after = { within = '1s', of = 'calm' }")]
fn without_something_to_compare_nothing_is_told(#[case] phase: &str, #[case] demand: &str) {
    let finding = run(2.0, 1, usize::MAX, WHOLE).finding(phase, "reads", demand);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{finding:#?}");
    assert!(finding.remedy.is_some());
}

#[test]
fn equality_is_not_to_be_proven() {
    let text = "stable_after = { within = '1s', latency = 0.0 }";
    assert!(settings(text).is_ok_and(|settings| settings.contract().problem().is_some()));
}
