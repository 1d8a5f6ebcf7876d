//! A gateway that makes bystanders suffer is caught, on made ledgers.

use evidence::Method;
use reports::{Finding, Verdict};
use rstest::rstest;

use crate::forecast::Forecast;
use crate::testing::{Call, Judging, Run, Try, foreseen};

const DEMAND: &str = "isolation = {}";

/// How bystanders fare while `a` fails.
#[derive(Clone, Copy)]
struct Fares {
    takes: f64,
    arrivals: usize,
    /// Every so many of them fail; 0 for none.
    failing: usize,
    /// Whether those fail without an attempt.
    shed: bool,
}

const WELL: Fares = Fares { takes: 2.0, arrivals: 1, failing: 0, shed: false };

/// 200 requests a second, by turns at `a` and `b`; `a` fails from 4 s to 8 s.
fn run(fares: Fares) -> Run {
    let run = Run::new().class("reads", Method::Get).backend("a").backend("b");
    let run = run.phase("steady", 4.0).phase("outage", 4.0).phase("recovery", 2.0);
    run.fault("outage", "status", &["a"]).calls(2_000, move |n| {
        let (ms, call) = (n as f64 * 5.0, Call::due("reads", n as f64 * 5.0));
        let out = (4_000.0..8_000.0).contains(&ms);
        match (n % 2, out) {
            (0, true) => call.attempt(Try::hit("a", "status")),
            (0, false) => call.attempt(Try::ok("a")),
            (_, false) => call.attempt(Try::ok("b")),
            (_, true) => {
                let fails = fares.failing > 0 && n / 2 % fares.failing == 0;
                if fails && fares.shed {
                    return call.rejected(503, 1.0);
                }
                let status = if fails { 500 } else { 200 };
                (0..fares.arrivals)
                    .fold(call, |call, _| call.attempt(Try::ok("b").takes(fares.takes).status(status)))
            }
        }
    })
}

fn judged(run: &Run) -> Finding {
    run.finding("outage", "reads", DEMAND)
}

#[rstest]
#[case::they_do_not_notice(WELL, Verdict::Pass)]
#[case::each_takes_forty_milliseconds(Fares { takes: 40.0, ..WELL }, Verdict::Fail)]
#[case::each_is_sent_twice(Fares { arrivals: 2, takes: 1.0, ..WELL }, Verdict::Fail)]
#[case::one_in_ten_fails(Fares { failing: 10, ..WELL }, Verdict::Fail)]
#[case::one_in_ten_is_shed(Fares { failing: 10, shed: true, ..WELL }, Verdict::Fail)]
#[case::one_in_a_hundred_may_be_chance(Fares { failing: 100, ..WELL }, Verdict::Inconclusive)]
fn what_a_fault_does_to_those_it_does_not_hit_is_found(#[case] fares: Fares, #[case] verdict: Verdict) {
    let finding = judged(&run(fares));
    assert_eq!(finding.verdict, verdict, "{finding:#?}");
    assert!(verdict != Verdict::Fail || !finding.witnesses.is_empty());
}

/// The fault hits `reads` on all backends; every search takes so long meanwhile.
fn by_class(takes: f64, hit: bool) -> Run {
    let run = Run::new().class("reads", Method::Get).class("search", Method::Get).backend("a");
    let run =
        run.phase("steady", 4.0).phase("outage", 4.0).fault("outage", "status", &["a"]).only(&["reads"]);
    run.calls(800, move |n| {
        let ms = 10.0 * n as f64;
        let out = ms >= 4_000.0 && hit;
        Call::due("reads", ms).attempt(if out { Try::hit("a", "status") } else { Try::ok("a") })
    })
    .calls(800, move |n| {
        let ms = 10.0 * n as f64 + 3.0;
        Call::due("search", ms).attempt(Try::ok("a").takes(if ms < 4_000.0 { 2.0 } else { takes }))
    })
}

#[test]
fn a_class_that_the_fault_can_not_hit_is_a_bystander_at_the_same_backend() {
    let finding = by_class(2.0, true).finding("outage", "search", DEMAND);
    assert_eq!(finding.verdict, Verdict::Pass, "{finding:#?}");
    let finding = by_class(50.0, true).finding("outage", "search", DEMAND);
    assert_eq!(finding.verdict, Verdict::Fail, "{finding:#?}");
    insta::assert_snapshot!(format!("{}\n{}\n{}", finding.summary, finding.observed, finding.because));
}

#[test]
fn a_fault_that_hit_nobody_proves_no_isolation() {
    let finding = by_class(2.0, false).finding("outage", "search", DEMAND);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{finding:#?}");
    assert!(finding.because.contains("status"), "{}", finding.because);
}

#[rstest]
#[case::no_fault("steady", "reads", "isolation = {}")]
#[case::who_is_hit_is_no_bystander("outage", "reads", "isolation = {}")]
#[case::no_such_phase("outage", "search", "isolation = { of = 'calm' }")]
fn without_bystanders_or_something_to_compare_nothing_is_told(
    #[case] phase: &str,
    #[case] traffic: &str,
    #[case] demand: &str,
) {
    let finding = by_class(2.0, true).finding(phase, traffic, demand);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{finding:#?}");
    assert!(finding.remedy.is_some());
}

#[test]
fn a_stall_is_not_blamed_on_the_gateway() {
    let stalled = run(WELL)
        .hiccup(5_000.0, 60.0)
        .call(Call::due("reads", 5_001.0).attempt(Try::ok("b").takes(58.0).status(500)));
    assert_eq!(judged(&stalled).verdict, Verdict::Pass);
}

#[test]
fn bystanders_are_counted_before_the_run() {
    let of = |run: &Run, traffic| foreseen(run, "outage", traffic, DEMAND);
    let counted = of(&run(WELL), "reads");
    assert!(
        matches!(&counted[..], [Forecast::Exposures { expected, .. }, _] if (expected - 400.0).abs() < 1.0)
    );
    assert!(matches!(&of(&by_class(2.0, true), "reads")[..], [Forecast::CannotPass(_)]));
    assert!(of(&by_class(2.0, true), "search").iter().all(|one| !one.falls_short()));
}
