//! Recoveries that are late or never come are caught, and those in time are not.

use evidence::Method;
use measure::testing::model::{Breaking, Model, Phase};
use proptest::prelude::*;
use reports::{Finding, Verdict};
use rstest::rstest;

use crate::forecast::Forecast;
use crate::testing::{Call, Judging, Run, Try, foreseen, settings};

const DEMAND: &str = r#"recovery = { within = "1s" }"#;

/// 100 requests a second, of which those due up to `failing` milliseconds after the outage fail, and those due
/// up to `alone` after it don't reach backend `a`.
fn run(failing: f64, alone: f64) -> Run {
    let run = Run::new().class("reads", Method::Get).backend("a").backend("b");
    let run = run.phase("steady", 2.0).phase("outage", 4.0).phase("recovery", 5.0).fault(
        "outage",
        "status",
        &["a"],
    );
    run.calls(1_100, |n| {
        let ms = n as f64 * 10.0;
        let outage = (2_000.0..6_000.0).contains(&ms);
        let call = Call::due("reads", ms);
        if ms >= 6_000.0 && ms < 6_000.0 + failing {
            call.rejected(503, 1.0)
        } else if n % 2 == 0 && outage {
            call.attempt(Try::hit("a", "status"))
        } else if n % 2 == 0 && !(ms >= 6_000.0 && ms < 6_000.0 + alone) {
            call.attempt(Try::ok("a"))
        } else {
            call.attempt(Try::ok("b"))
        }
    })
}

fn judged(run: &Run, demand: &str) -> Finding {
    run.finding("recovery", "", demand)
}

#[rstest]
#[case(0.0, 0.0)]
#[case(900.0, 900.0)]
#[case(0.0, 900.0)]
fn a_recovery_in_time_passes(#[case] failing: f64, #[case] alone: f64) {
    let judged = judged(&run(failing, alone), DEMAND);
    assert_eq!(judged.verdict, Verdict::Pass, "{judged:#?}");
    assert_eq!(judged.observations, 400);
    assert!(!judged.estimates.is_empty());
}

#[rstest]
#[case(1_500.0, 1_500.0, "requests went on failing for 1.49 s after the fault had ended")]
#[case(9_000.0, 9_000.0, "requests never recovered: 500 of 500 failed in the 5 s after the fault had ended")]
#[case(0.0, 2_500.0, "backend `a` did not get its requests again within 1 s: 31.2 % of first attempts")]
#[case(0.0, 9_000.0, "backend `a` never returned: none of 400 requests in `recovery` reached it first")]
fn a_recovery_that_is_late_or_never_comes_is_caught(
    #[case] failing: f64,
    #[case] alone: f64,
    #[case] words: &str,
) {
    let judged = judged(&run(failing, alone), DEMAND);
    assert_eq!(judged.verdict, Verdict::Fail, "{judged:#?}");
    assert!(judged.summary.contains(words), "{judged:#?}");
    assert!(failing == 0.0 || !judged.witnesses.is_empty());
}

#[test]
fn backends_are_left_out_when_they_are_not_asked_for() {
    assert_eq!(
        judged(&run(0.0, 9_000.0), r#"recovery = { within = "1s", backends = false }"#).verdict,
        Verdict::Pass
    );
}

#[test]
fn settling_time_does_not_hide_a_late_recovery() {
    assert_eq!(judged(&run(1_500.0, 0.0).settle(3_000.0), DEMAND).verdict, Verdict::Fail);
}

#[test]
fn a_failure_now_and_then_is_no_outage() {
    let run = run(0.0, 0.0).calls(1, |n| Call::due("reads", 7_505.0 + n as f64 * 1_000.0).rejected(503, 1.0));
    assert_eq!(judged(&run, r#"recovery = { within = "1s", share = 0.98 }"#).verdict, Verdict::Pass);
    assert_eq!(judged(&run, r#"recovery = { within = "1s", share = 1.0 }"#).verdict, Verdict::Fail);
}

#[rstest]
fn gateways_with_a_breaker_are_judged_by_it(
    #[values(1, 2, 3)] seed: u64,
    #[values(true, false)] recovers: bool,
) {
    let phases = vec![
        Phase("steady", 2.0, None),
        Phase("outage", 5.0, Some(("status", 1.0))),
        Phase("recovery", 6.0, None),
    ];
    let breaking = Breaking { recovers, ..Breaking::correct() };
    let judged =
        judged(&Model { breaking, ..Model::new(seed, phases) }.run(), r#"recovery = { within = "3s" }"#);
    assert_eq!(judged.verdict, if recovers { Verdict::Pass } else { Verdict::Fail }, "{judged:#?}");
}

#[rstest]
#[case::no_fault("steady", run(0.0, 0.0), DEMAND)]
#[case::no_fault_before("outage", run(0.0, 0.0), DEMAND)]
#[case::still_in_force("recovery", run(0.0, 0.0).fault("recovery", "status", &["b"]), DEMAND)]
#[case::too_short("recovery", run(0.0, 0.0), r#"recovery = { within = "30s" }"#)]
#[case::stalled("recovery", run(1_500.0, 0.0).hiccup(6_500.0, 600.0), DEMAND)]
#[case::too_few("recovery", run(0.0, 0.0).samples_min(9_000), DEMAND)]
#[case::empty("recovery", Run::new().phase("outage", 1.0).phase("recovery", 5.0).backend("a").fault("outage", "status", &["a"]), DEMAND)]
fn too_little_proves_nothing(#[case] phase: &str, #[case] run: Run, #[case] demand: &str) {
    let judged = run.finding(phase, "", demand);
    assert_eq!(judged.verdict, Verdict::Inconclusive, "{judged:#?}");
}

/// After the outage, `a` gets every `nth` request.
fn returning(nth: usize) -> Run {
    let run = Run::new().class("reads", Method::Get).backend("a").backend("b");
    let run = run.phase("steady", 2.0).phase("outage", 4.0).phase("recovery", 9.0).fault(
        "outage",
        "status",
        &["a"],
    );
    run.calls(1_500, move |n| {
        let ms = n as f64 * 10.0;
        let call = Call::due("reads", ms);
        match n {
            200..600 if n % 2 == 0 => call.attempt(Try::hit("a", "status")),
            600.. if n % nth == 0 => call.attempt(Try::ok("a")),
            ..200 if n % 2 == 0 => call.attempt(Try::ok("a")),
            _ => call.attempt(Try::ok("b")),
        }
    })
}

#[rstest]
#[case::all_of_it(2, Verdict::Pass)]
#[case::two_thirds_of_it(3, Verdict::Fail)]
#[case::a_seventh_of_it(14, Verdict::Fail)]
fn a_part_of_its_share_is_no_return(#[case] nth: usize, #[case] verdict: Verdict) {
    let judged = judged(&returning(nth), DEMAND);
    assert_ne!(
        judged.verdict,
        if verdict == Verdict::Pass { Verdict::Fail } else { Verdict::Pass },
        "{judged:#?}"
    );
    assert!(nth == 3 || judged.verdict == verdict, "{judged:#?}");
}

#[test]
fn a_backend_that_has_its_turn_now_and_then_is_told_as_such() {
    let judged = judged(&returning(75), DEMAND);
    assert_eq!(judged.verdict, Verdict::Fail);
    assert!(judged.summary.contains("1.2 % of first attempts"), "{}", judged.summary);
}

#[test]
fn a_fault_that_never_fired_leaves_nothing_to_recover_from() {
    let run = run(0.0, 0.0).weighted("spare", 1, 1).fault("outage", "hang", &["spare"]);
    let finding = judged(&run, DEMAND);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{finding:#?}");
    assert!(finding.because.contains("`hang` on `spare`"), "{}", finding.because);
}

#[test]
fn a_short_outage_within_the_phase_is_found() {
    let run = run(0.0, 0.0).calls(12, |n| Call::due("reads", 8_701.0 + n as f64 * 10.0).rejected(503, 1.0));
    assert_eq!(judged(&run, DEMAND).verdict, Verdict::Fail);
}

#[test]
fn a_share_of_nothing_is_refused() {
    assert!(settings(r#"recovery = { within = "1s", share = 0.0 }"#).unwrap().contract().problem().is_some());
    assert_eq!(settings(DEMAND).unwrap().contract().problem(), None);
}

#[rstest]
#[case::longer_than_the_phase("recovery", r#"recovery = { within = "1h" }"#)]
#[case::as_long_as_the_phase("recovery", r#"recovery = { within = "5s" }"#)]
#[case::no_fault_before("steady", DEMAND)]
fn a_recovery_that_can_not_be_seen_is_told_before_the_run(#[case] phase: &str, #[case] demand: &str) {
    let told = foreseen(&run(0.0, 0.0), phase, "", demand);
    assert!(matches!(told[0], Forecast::CannotPass(_)), "{told:?}");
}

#[test]
fn a_share_that_the_outage_itself_reaches_is_told_before_the_run() {
    let told = foreseen(
        &run(0.0, 0.0),
        "recovery",
        "",
        r#"recovery = { within = "1s", share = 0.01, backends = false }"#,
    );
    assert!(matches!(told[0], Forecast::CannotFail(_)), "{told:?}");
    let told = foreseen(&run(0.0, 0.0), "recovery", "", DEMAND);
    assert!(!told.iter().any(Forecast::falls_short), "{told:?}");
}

proptest! {
    #[test]
    fn no_ledger_makes_it_panic(failing in 0.0f64..9_000.0, alone in 0.0f64..9_000.0, stall in 0.0f64..1e9, share in 0.01f64..=1.0) {
        let judged = judged(&run(failing, alone).hiccup(6_100.0, stall), &format!(r#"recovery = {{ within = "1s", share = {share} }}"#));
        prop_assert!(!judged.summary.is_empty());
    }
}
