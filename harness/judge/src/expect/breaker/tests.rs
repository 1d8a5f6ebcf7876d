//! Each defect of a breaker is caught on the ledger that it leaves, and a correct breaker never is.

use evidence::Tag;
use proptest::prelude::*;
use reports::Verdict;
use rstest::rstest;

use crate::Judged;
use crate::reconstruct::model::{Breaking, Model, Phase};
use crate::testing::{Judging, settings};

const DEMAND: &str = r#"breaker = { trips_after = { consecutive = 5 }, open_for = "2s", tolerance = "200ms", recovers_within = "3s" }"#;

/// Two outages, as in the library.
fn phases(fault: &'static str) -> Vec<Phase> {
    vec![
        Phase("steady", 3.0, None),
        Phase("outage", 8.0, Some((fault, 1.0))),
        Phase("recovery", 5.0, None),
        Phase("again", 8.0, Some((fault, 1.0))),
        Phase("end", 5.0, None),
    ]
}

fn model(seed: u64, breaking: Breaking) -> Model {
    Model { breaking, ..Model::new(seed, phases("status")) }
}

fn judged(model: &Model, phase: &str) -> Judged {
    model.run().judged(phase, "", DEMAND)
}

fn assert_fails(judged: &Judged, words: &str) {
    assert_eq!(judged.verdict, Verdict::Fail, "{judged:#?}");
    let said = format!("{}; {}", judged.summary, judged.because);
    assert!(said.contains(words), "{judged:#?}");
}

#[rstest]
fn a_correct_breaker_passes_in_both_outages(
    #[values(1, 2, 3)] seed: u64,
    #[values(100.0, 500.0)] rate: f64,
    #[values(1, 2)] attempts: usize,
    #[values("status", "hang")] fault: &'static str,
    #[values(true, false)] poisson: bool,
) {
    let run = Model { rate, poisson, attempts, ..Model::new(seed, phases(fault)) }.run();
    for phase in ["outage", "again"] {
        let judged = run.judged(phase, "", DEMAND);
        assert_eq!(judged.verdict, Verdict::Pass, "{judged:#?}");
        assert!(judged.observations > 100);
    }
}

#[rstest]
fn a_correct_breaker_passes_with_more_backends_and_a_fault_on_a_share(
    #[values(1, 2, 3, 4, 5)] seed: u64,
    #[values(1, 3, 4)] backends: usize,
    #[values(0.8, 1.0)] share: f64,
) {
    let outage = Phase("outage", 8.0, Some(("status", share)));
    let phases = vec![Phase("steady", 3.0, None), outage, Phase("recovery", 5.0, None)];
    let judged = judged(&Model { backends, rate: 400.0, ..Model::new(seed, phases) }, "outage");
    assert_eq!(judged.verdict, Verdict::Pass, "{judged:#?}");
}

#[rstest]
fn a_breaker_that_never_trips_is_caught(
    #[values(1, 2, 3)] seed: u64,
    #[values("status", "hang")] fault: &'static str,
) {
    let breaking = Breaking { trips_after: u32::MAX, ..Breaking::correct() };
    let judged = judged(&Model { breaking, ..Model::new(seed, phases(fault)) }, "outage");
    assert_fails(&judged, "arrived after 5 failures in a row; its breaker never opened");
    assert!(!judged.witnesses.is_empty());
}

#[rstest]
fn a_breaker_that_trips_late_is_caught(#[values(1, 2, 3)] seed: u64, #[values(100.0, 500.0)] rate: f64) {
    let breaking = Breaking { trips_after: 15, ..Breaking::correct() };
    let judged = judged(&Model { rate, ..model(seed, breaking) }, "outage");
    assert_fails(&judged, "its breaker opened late, after about 1");
}

#[rstest]
fn a_breaker_that_never_recovers_is_caught(#[values(1, 2, 3)] seed: u64) {
    let breaking = Breaking { recovers: false, ..Breaking::correct() };
    assert_fails(&judged(&model(seed, breaking), "outage"), "backend `a` never returned");
}

#[rstest]
fn a_breaker_for_the_whole_pool_is_caught(#[values(1, 2, 3)] seed: u64, #[values(1, 2)] attempts: usize) {
    let breaking = Breaking { global: true, trips_after: 1, ..Breaking::correct() };
    let judged = judged(&Model { attempts, ..model(seed, breaking) }, "outage");
    assert_fails(&judged, "backend `b` went silent");
    assert_fails(&judged, "requests away by itself");
}

#[rstest]
fn a_breaker_that_opens_too_early_is_caught(#[values(1, 2, 3)] seed: u64) {
    let breaking = Breaking { trips_after: 2, ..Breaking::correct() };
    assert_fails(
        &judged(&model(seed, breaking), "outage"),
        "opened after 2 failures in a row, before 5 failures",
    );
}

#[rstest]
#[case(1_200.0, "let requests through 1.2")]
#[case(3_500.0, "stayed open for 3.5")]
#[case(300.0, "kept receiving requests")]
fn a_breaker_that_is_open_for_another_time_is_caught(#[case] open_for: f64, #[case] words: &str) {
    let breaking = Breaking { open_for, ..Breaking::correct() };
    assert_fails(&judged(&model(1, breaking), "outage"), words);
}

#[test]
fn a_breaker_that_lets_everything_through_while_probing_is_caught() {
    let breaking = Breaking { probes: 1_000, ..Breaking::correct() };
    let judged = judged(&Model { breaking, ..Model::new(1, phases("hang")) }, "outage");
    assert_fails(&judged, "before the first one's outcome was known, 1 allowed");
}

#[test]
fn a_pool_wide_breaker_that_is_wanted_passes() {
    let breaking = Breaking { global: true, trips_after: 1, ..Breaking::correct() };
    let demand = r#"breaker = { trips_after = { consecutive = 1 }, open_for = "2s", scope = "pool", probes_max = 9, leaked_max = 99 }"#;
    let judged = model(1, breaking).run().judged("outage", "", demand);
    assert!(!judged.summary.contains("went silent"), "{judged:#?}");
}

#[test]
fn what_a_breaker_did_reads_as_a_sentence() {
    let pass = judged(&model(1, Breaking::correct()), "outage");
    insta::assert_snapshot!(pass.summary, @"the breaker of `a` opened after about 5 failures in a row, 4 times, first for 2.02 s, 0 leaked, back 92.6 ms after the fault had ended");
    insta::assert_snapshot!(pass.expected, @"opens after 5 failures in a row, at most 0 leaked, open for 2 s ± 200 ms, 1 probing at a time, back within 3 s of the fault's end");
    let late = judged(&model(1, Breaking { trips_after: 15, ..Breaking::correct() }), "outage");
    insta::assert_snapshot!(late.summary, @"backend `a` kept receiving requests: 9 arrived after 5 failures in a row; its breaker opened late, after about 15 failures in a row");
    let never = judged(&model(1, Breaking { recovers: false, ..Breaking::correct() }), "outage");
    insta::assert_snapshot!(never.summary, @"backend `a` never returned: no request reached it for 13 s after its breaker had opened, 2 s demanded, although the fault had ended 5 s before");
    let global =
        judged(&model(1, Breaking { global: true, trips_after: 1, ..Breaking::correct() }), "outage");
    insta::assert_snapshot!(format!("{}; {}", global.summary, global.because), @"backend `b` went silent for 4.03 s although none of its requests had failed: the breaker isn't kept per backend; the gateway turned 837 requests away by itself meanwhile; the breaker of `a` opened after 1 failure in a row, before 5 failures in a row");
}

#[test]
fn other_trip_conditions_are_judged_too() {
    let run = model(1, Breaking::correct()).run();
    let verdict = |trip: &str| {
        let demand = format!(r#"breaker = {{ trips_after = {trip}, open_for = "2s" }}"#);
        run.judged("outage", "", &demand).verdict
    };
    assert_eq!(verdict(r#"{ count = 5, within = "10s" }"#), Verdict::Pass);
    assert_eq!(verdict(r#"{ count = 2, within = "10s" }"#), Verdict::Fail);
    assert_eq!(verdict(r#"{ count = 50, within = "10s" }"#), Verdict::Fail);
    assert_eq!(verdict(r#"{ share = 0.9, within = "1s", min = 200 }"#), Verdict::Fail);
}

#[test]
fn without_traffic_or_failures_nothing_is_said() {
    let idle = Model { rate: 0.001, ..model(1, Breaking::correct()) };
    assert_eq!(judged(&idle, "outage").verdict, Verdict::Inconclusive);
    let healthy = Model::new(1, vec![Phase("outage", 8.0, Some(("status", 0.0))), Phase("end", 5.0, None)]);
    let judged = judged(&healthy, "outage");
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    assert!(judged.summary.contains("had no reason to open"), "{judged:#?}");
    assert_eq!(healthy.run().judged("end", "", DEMAND).verdict, Verdict::Inconclusive);
}

#[test]
fn thin_traffic_is_not_taken_for_an_open_breaker() {
    let breaking = Breaking { trips_after: u32::MAX, ..Breaking::correct() };
    let judged = judged(&Model { rate: 5.0, ..model(1, breaking) }, "outage");
    assert_eq!(judged.verdict, Verdict::Inconclusive);
    assert!(judged.summary.contains("too few to tell a breaker's silence from chance"), "{judged:#?}");
}

#[test]
fn a_machine_that_stalled_for_longer_than_the_tolerance_blames_nobody() {
    let run = model(1, Breaking { open_for: 1_200.0, ..Breaking::correct() }).run().hiccup(5_000.0, 900.0);
    assert_eq!(run.judged("outage", "", DEMAND).verdict, Verdict::Inconclusive);
}

#[test]
fn an_outage_that_ends_the_run_leaves_the_recovery_open() {
    let phases = vec![Phase("steady", 3.0, None), Phase("outage", 1.5, Some(("status", 1.0)))];
    let judged = judged(&Model::new(1, phases), "outage");
    assert_eq!(judged.verdict, Verdict::Inconclusive, "{judged:#?}");
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let problem = |inner: &str| settings(&format!("breaker = {{ {inner} }}")).unwrap().contract().problem();
    assert_eq!(problem(r#"trips_after = { consecutive = 5 }, open_for = "2s""#), None);
    for inner in [
        r#"trips_after = {}, open_for = "2s""#,
        r#"trips_after = { consecutive = 5, count = 3, within = "1s" }, open_for = "2s""#,
        r#"trips_after = { count = 3 }, open_for = "2s""#,
        r#"trips_after = { consecutive = 0 }, open_for = "2s""#,
        r#"trips_after = { consecutive = 5 }, open_for = "100ms""#,
        r#"trips_after = { consecutive = 5 }, open_for = "2s", workers = 0"#,
    ] {
        assert!(problem(inner).is_some(), "{inner}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn no_gateway_makes_the_judge_panic(
        seed: u64, rate in 0.1f64..400.0, trips_after in 1u32..20, open_for in 1.0f64..5_000.0,
        probes in 1u32..4, recovers: bool, global: bool, share in 0.0f64..1.0, backends in 1usize..4,
    ) {
        let breaking = Breaking { trips_after, open_for, probes, recovers, global };
        let phases = vec![Phase("steady", 1.0, None), Phase("outage", 3.0, Some(("status", share))), Phase("end", 2.0, None)];
        let model = Model { rate, backends, breaking, ..Model::new(seed, phases) };
        for demand in [DEMAND, r#"breaker = { trips_after = { share = 0.5, within = "1s" }, open_for = "1s" }"#] {
            let judged = model.run().judged("outage", "", demand);
            prop_assert!(!judged.summary.is_empty());
            prop_assert!(judged.witnesses.iter().all(|(tag, _)| *tag < Tag(10_000)));
        }
    }
}
