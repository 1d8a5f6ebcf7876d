//! Each defect of a breaker is caught on the ledger that it leaves, and a correct breaker never is.

use evidence::Method;
use proptest::prelude::*;
use rstest::rstest;

use measure::testing::model::{Breaking, Model, Phase};
use reports::{Finding, Verdict};

use crate::testing::{Call, Judging, Try, settings};

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

fn judged(model: &Model, phase: &str) -> Finding {
    model.run().finding(phase, "", DEMAND)
}

fn assert_fails(judged: &Finding, words: &str) {
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
        let judged = run.finding(phase, "", DEMAND);
        // What hangs is known late, and bursts are close together: one failure more or less can't be told then.
        if fault == "hang" || rate > 200.0 || poisson {
            assert_ne!(judged.verdict, Verdict::Fail, "{judged:#?}");
        } else {
            assert_eq!(judged.verdict, Verdict::Pass, "{judged:#?}");
        }
        assert!(judged.exposures > 0);
    }
}

/// W4: of two routes to one backend, one has the breaker.
#[test]
fn requests_of_another_route_are_none_of_a_breaker_s() {
    let run = Model { poisson: false, ..model(1, Breaking::correct()) }.run().class("orders", Method::Get);
    let run =
        run.calls(1_000, |n| Call::due("orders", 3_000.0 + 8.0 * n as f64).attempt(Try::hit("a", "status")));
    let own = run.finding("outage", "reads", DEMAND);
    assert_eq!(own.verdict, Verdict::Pass, "{own:#?}");
    assert_fails(&run.finding("outage", "", DEMAND), "");
}

#[rstest]
fn a_correct_breaker_never_fails_with_more_backends_and_a_fault_on_a_share(
    #[values(1, 2, 3, 4, 5)] seed: u64,
    #[values(1, 3, 4)] backends: usize,
    #[values(0.8, 1.0)] share: f64,
) {
    let outage = Phase("outage", 8.0, Some(("status", share)));
    let phases = vec![Phase("steady", 3.0, None), outage, Phase("recovery", 5.0, None)];
    let judged = judged(&Model { backends, rate: 400.0, ..Model::new(seed, phases) }, "outage");
    assert_ne!(judged.verdict, Verdict::Fail, "{judged:#?}");
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
    assert!(
        judged.because.contains("leaves the others alone") || judged.summary.contains("opened after"),
        "{judged:#?}"
    );
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
#[case(3_500.0, "stayed open for")]
#[case(300.0, "let requests through 3")]
fn a_breaker_that_is_open_for_another_time_is_caught(#[case] open_for: f64, #[case] words: &str) {
    let breaking = Breaking { open_for, ..Breaking::correct() };
    assert_fails(&judged(&model(1, breaking), "outage"), words);
}

#[test]
fn a_breaker_that_lets_everything_through_while_probing_is_caught() {
    let breaking = Breaking { probes: 1_000, ..Breaking::correct() };
    let run = Model { breaking, ..Model::new(1, phases("hang")) }.run();
    let demand = r#"breaker = { trips_after = { consecutive = 5 }, open_for = "2s", probes_max = 1 }"#;
    assert_fails(&run.finding("outage", "", demand), "before the first one's outcome was known, 1 allowed");
}

#[test]
fn a_pool_wide_breaker_that_is_wanted_passes() {
    let breaking = Breaking { global: true, trips_after: 1, ..Breaking::correct() };
    let demand = r#"breaker = { trips_after = { consecutive = 1 }, open_for = "2s", scope = "pool", probes_max = 9, leaked_max = 99 }"#;
    let judged = model(1, breaking).run().finding("outage", "", demand);
    assert!(!judged.summary.contains("went silent"), "{judged:#?}");
}

#[test]
fn what_a_breaker_did_reads_as_a_sentence() {
    let pass = judged(&model(1, Breaking::correct()), "outage");
    insta::assert_snapshot!(pass.summary);
    insta::assert_snapshot!(pass.expected);
    let late = judged(&model(1, Breaking { trips_after: 15, ..Breaking::correct() }), "outage");
    insta::assert_snapshot!(late.summary);
    let never = judged(&model(1, Breaking { recovers: false, ..Breaking::correct() }), "outage");
    insta::assert_snapshot!(never.summary);
    let global =
        judged(&model(1, Breaking { global: true, trips_after: 1, ..Breaking::correct() }), "outage");
    insta::assert_snapshot!(format!("{}; {}", global.summary, global.because));
}

#[rstest]
#[case::trip(Breaking { trips_after: 7, ..Breaking::correct() }, "opens after 7 failures in a row")]
#[case::never(Breaking { trips_after: u32::MAX, ..Breaking::correct() }, "never opens")]
#[case::open_time(Breaking { open_for: 2_700.0, ..Breaking::correct() }, "is open for 2.7")]
#[case::way_back(Breaking { all: true, ..Breaking::correct() }, "gives all of its traffic back at once")]
fn what_differs_in_one_word_is_told_by_that_word(#[case] breaking: Breaking, #[case] does: &str) {
    let probing = r#"breaker = { trips_after = { consecutive = 5 }, open_for = "2s", probes_max = 1 }"#;
    let finding = model(1, breaking).run().finding("outage", "", probing);
    assert_eq!(finding.verdict, Verdict::Fail, "{finding:#?}");
    assert!(finding.because.contains(&format!("fits a breaker that {does}")), "{}", finding.because);
}

#[rstest]
fn all_traffic_at_once_passes_where_nothing_is_said_of_the_way_back(#[values(1, 2, 3)] seed: u64) {
    let breaking = Breaking { all: true, ..Breaking::correct() };
    let finding = judged(&model(seed, breaking), "outage");
    assert_eq!(finding.verdict, Verdict::Pass, "{finding:#?}");
    let run = model(seed, Breaking { all: true, ..Breaking::correct() }).run();
    let probing = r#"breaker = { trips_after = { consecutive = 5 }, open_for = "2s", way_back = "probe" }"#;
    assert_ne!(run.finding("outage", "", probing).verdict, Verdict::Pass);
    let all = r#"breaker = { trips_after = { consecutive = 5 }, open_for = "2s", way_back = "all" }"#;
    assert_eq!(run.finding("outage", "", all).verdict, Verdict::Pass);
    let textbook = model(seed, Breaking::correct()).run();
    assert_ne!(textbook.finding("outage", "", all).verdict, Verdict::Pass);
}

#[rstest]
fn a_breaker_that_trips_one_or_two_failures_early_or_late_never_passes(
    #[values(3, 4, 6, 7, 10)] trips_after: u32,
    #[values(1, 2, 3)] seed: u64,
) {
    let finding = judged(&model(seed, Breaking { trips_after, ..Breaking::correct() }), "outage");
    assert_ne!(finding.verdict, Verdict::Pass, "{finding:#?}");
}

#[rstest]
fn an_open_time_that_is_off_by_a_fifth_never_passes(#[values(1_600.0, 2_400.0, 2_700.0)] open_for: f64) {
    let finding = judged(&model(1, Breaking { open_for, ..Breaking::correct() }), "outage");
    assert_eq!(finding.verdict, Verdict::Fail, "{finding:#?}");
}

#[test]
fn at_a_low_rate_an_open_time_that_is_off_by_a_quarter_does_not_pass_either() {
    for seed in 0..10 {
        let breaking = Breaking { open_for: 2_500.0, ..Breaking::correct() };
        let finding = judged(&Model { rate: 60.0, ..model(seed, breaking) }, "outage");
        assert_ne!(finding.verdict, Verdict::Pass, "{finding:#?}");
    }
}

#[test]
fn an_open_time_that_grows_fails_where_it_is_declared_fixed() {
    let finding = judged(&model(1, Breaking { grows: true, ..Breaking::correct() }), "outage");
    assert_fails(&finding, "stayed open for 4");
}

#[test]
fn a_breaker_that_never_opens_does_not_pass_however_much_may_leak() {
    let breaking = Breaking { trips_after: u32::MAX, ..Breaking::correct() };
    let demand = r#"breaker = { trips_after = { consecutive = 5 }, open_for = "2s", leaked_max = 100000 }"#;
    assert_fails(&model(1, breaking).run().finding("outage", "", demand), "never opened");
}

#[test]
fn a_breaker_by_a_share_of_a_fifth_does_not_pass_for_one_by_a_half() {
    let breaking = Breaking { share: Some((0.2, 2_000.0, 20)), ..Breaking::correct() };
    let outage = Phase("outage", 8.0, Some(("status", 0.25)));
    let phases = vec![Phase("steady", 3.0, None), outage, Phase("recovery", 5.0, None)];
    let demand = r#"breaker = { trips_after = { share = 0.5, within = "2s", min = 20 }, open_for = "2s" }"#;
    for seed in 0..10 {
        let breaking = breaking.clone();
        let model = Model { breaking, phases: phases_of(&phases), ..Model::new(seed, vec![]) };
        assert_ne!(model.run().finding("outage", "", demand).verdict, Verdict::Pass);
    }
}

#[test]
fn a_breaker_by_share_passes_its_own_words_or_is_left_open() {
    let demand = r#"breaker = { trips_after = { share = 0.5, within = "2s", min = 20 }, open_for = "2s" }"#;
    for (seed, share) in (0..20).flat_map(|seed| [0.5, 0.7, 0.9].map(|share| (seed, share))) {
        let breaking = Breaking { share: Some((0.5, 2_000.0, 20)), ..Breaking::correct() };
        let outage = Phase("outage", 8.0, Some(("status", share)));
        let phases = vec![Phase("steady", 3.0, None), outage, Phase("recovery", 5.0, None)];
        let finding = Model { breaking, ..Model::new(seed, phases) }.run().finding("outage", "", demand);
        assert_ne!(finding.verdict, Verdict::Fail, "{seed} {share}: {finding:#?}");
    }
}

#[rstest]
fn instances_that_count_for_themselves_are_never_failed(
    #[values(2, 4)] instances: usize,
    #[values(1, 2, 3)] seed: u64,
) {
    let breaking = Breaking { instances, ..Breaking::correct() };
    let demand = format!(
        r#"breaker = {{ trips_after = {{ consecutive = 5 }}, open_for = "2s", workers = {instances} }}"#
    );
    let finding = model(seed, breaking).run().finding("outage", "", &demand);
    assert_ne!(finding.verdict, Verdict::Fail, "{finding:#?}");
}

#[test]
fn a_breaker_that_rightly_stays_closed_passes_and_one_that_opens_fails() {
    let demand = r#"breaker = { trips_after = { consecutive = 5 }, open_for = "2s", stays_closed = true }"#;
    let closed = Breaking { trips_after: u32::MAX, ..Breaking::correct() };
    let finding = model(1, closed).run().finding("outage", "", demand);
    assert_eq!(finding.verdict, Verdict::Pass, "{finding:#?}");
    let finding = model(1, Breaking::correct()).run().finding("outage", "", demand);
    assert_fails(&finding, "nothing arrived for");
}

#[test]
fn one_stall_sets_no_whole_breaker_aside() {
    let early = model(1, Breaking { trips_after: 15, ..Breaking::correct() }).run().hiccup(12_000.0, 60.0);
    assert_eq!(early.finding("outage", "", DEMAND).verdict, Verdict::Fail);
    let right = model(1, Breaking::correct()).run().hiccup(12_000.0, 60.0);
    assert_eq!(right.finding("outage", "", DEMAND).verdict, Verdict::Pass);
}

fn phases_of(phases: &[Phase]) -> Vec<Phase> {
    phases.iter().map(|Phase(name, seconds, fault)| Phase(name, *seconds, *fault)).collect()
}

#[test]
fn other_trip_conditions_are_judged_too() {
    let run = model(1, Breaking::correct()).run();
    let verdict = |trip: &str| {
        let demand = format!(r#"breaker = {{ trips_after = {trip}, open_for = "2s" }}"#);
        run.finding("outage", "", &demand).verdict
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
    assert_eq!(healthy.run().finding("end", "", DEMAND).verdict, Verdict::Inconclusive);
}

#[test]
fn thin_traffic_is_not_taken_for_an_open_breaker() {
    let breaking = Breaking { trips_after: u32::MAX, ..Breaking::correct() };
    let judged = judged(&Model { rate: 5.0, ..model(1, breaking) }, "outage");
    // Five failures were known, and one more arrived: thin traffic hides silences, but no arrival.
    assert_fails(&judged, "its breaker never opened");
}

#[test]
fn a_long_stall_does_not_excuse_the_openings_that_it_does_not_touch() {
    let run = model(1, Breaking { open_for: 1_200.0, ..Breaking::correct() }).run().hiccup(5_000.0, 900.0);
    assert_eq!(run.finding("outage", "", DEMAND).verdict, Verdict::Fail);
}

/// All backends go silent at once, and then get what has come meanwhile: none of it was kept from one of them.
#[rstest]
fn a_gateway_that_stands_still_has_opened_no_breaker(
    #[values("steady", "recovery")] phase: &str,
    #[values(300.0, 1_500.0)] length: f64,
    #[values(true, false)] poisson: bool,
) {
    let from = if phase == "steady" { 1_500.0 } else { 13_500.0 };
    let model = Model { stands_still: Some((from, from + length)), poisson, ..model(1, Breaking::correct()) };
    let run = model.run();
    let judged = run.finding("outage", "", DEMAND);
    assert_ne!(judged.verdict, Verdict::Fail, "{judged:#?}");
    let closed = r#"breaker = { trips_after = { consecutive = 5 }, open_for = "2s", stays_closed = true }"#;
    let closed = run.finding(phase, "", closed);
    assert_ne!(closed.verdict, Verdict::Fail, "{closed:#?}");
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
        r#"trips_after = { consecutive = 5 }, open_for = "100ms", tolerance = "100ms""#,
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
        let breaking = Breaking { trips_after, open_for, probes, recovers, global, ..Breaking::correct() };
        let phases = vec![Phase("steady", 1.0, None), Phase("outage", 3.0, Some(("status", share))), Phase("end", 2.0, None)];
        let model = Model { rate, backends, breaking, ..Model::new(seed, phases) };
        for demand in [DEMAND, r#"breaker = { trips_after = { share = 0.5, within = "1s" }, open_for = "1s" }"#] {
            let judged = model.run().finding("outage", "", demand);
            prop_assert!(!judged.summary.is_empty());
            prop_assert!(judged.witnesses.len() <= 5);
        }
    }
}
