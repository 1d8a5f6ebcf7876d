//! A failover that comes late, costs too much, goes too far or never ends is caught, on made ledgers.

use evidence::Method;
use reports::{Finding, Verdict};
use rstest::rstest;

use crate::forecast::Forecast;
use crate::testing::{Call, Judging, Run, Try, foreseen, outline, settings};

const DEMAND: &str = "failover = { within = '500ms', errors_max = 30, back_within = '1s' }";

/// How a gateway with two primaries and a spare behaves while both primaries fail.
#[derive(Clone, Copy)]
struct Gateway {
    /// When the spare has all, in milliseconds after the fault's begin; `a` is probed every half second.
    moves_ms: f64,
    /// When the primaries have all again, in milliseconds after its end.
    returns_ms: f64,
    /// Whether a request that met a failing primary is tried again at the spare.
    retries: bool,
}

const CORRECT: Gateway = Gateway { moves_ms: 100.0, returns_ms: 300.0, retries: true };

/// 100 requests a second; both primaries fail from 2 s to 6 s.
fn run(gateway: Gateway) -> Run {
    let run = Run::new().phase("steady", 2.0).phase("outage", 4.0).phase("recovery", 4.0);
    let run = run.backend("a").backend("b").weighted("spare", 1, 1).class("reads", Method::Get);
    run.fault("outage", "status", &["a", "b"]).calls(1_000, move |n| {
        let ms = 10.0 * n as f64;
        let (name, call) = (if n % 2 == 0 { "a" } else { "b" }, Call::due("reads", ms));
        let hit = |name| {
            let call = Call::due("reads", ms).attempt(Try::hit(name, "status"));
            if gateway.retries { call.attempt(Try::ok("spare")) } else { call }
        };
        match ms {
            ms if ms < 2_000.0 => call.attempt(Try::ok(name)),
            ms if ms < 2_000.0 + gateway.moves_ms.min(4_000.0) => hit(name),
            ms if ms < 6_000.0 && n % 50 == 0 => hit("a"),
            ms if ms < 6_000.0 + gateway.returns_ms => call.attempt(Try::ok("spare")),
            _ => call.attempt(Try::ok(name)),
        }
    })
}

fn judged(run: &Run) -> Finding {
    run.finding("outage", "reads", DEMAND)
}

#[rstest]
#[case::as_it_should_be(CORRECT, Verdict::Pass)]
#[case::just_in_time(Gateway { moves_ms: 480.0, returns_ms: 980.0, ..CORRECT }, Verdict::Pass)]
#[case::a_second_late(Gateway { moves_ms: 1_500.0, ..CORRECT }, Verdict::Fail)]
#[case::it_tries_the_failing_ones_each_time(Gateway { moves_ms: 4_000.0, ..CORRECT }, Verdict::Fail)]
#[case::it_comes_back_late(Gateway { returns_ms: 2_000.0, ..CORRECT }, Verdict::Fail)]
#[case::it_never_comes_back(Gateway { returns_ms: 9_000.0, ..CORRECT }, Verdict::Fail)]
#[case::it_costs_ten_requests(Gateway { retries: false, ..CORRECT }, Verdict::Pass)]
#[case::it_costs_forty(Gateway { moves_ms: 400.0, retries: false, ..CORRECT }, Verdict::Fail)]
fn a_failover_is_judged_by_when_it_moves_what_it_costs_and_when_it_is_back(
    #[case] gateway: Gateway,
    #[case] verdict: Verdict,
) {
    let finding = judged(&run(gateway));
    assert_eq!(finding.verdict, verdict, "{finding:#?}");
    assert!(verdict != Verdict::Fail || !finding.witnesses.is_empty());
}

#[test]
fn a_finding_says_how_long_it_took() {
    let finding = judged(&run(Gateway { moves_ms: 1_500.0, ..CORRECT }));
    insta::assert_snapshot!(outline(&finding));
}

/// Both primaries get traffic, and so does the spare, every `nth` time from the fault's begin on; `a` is out from 100 ms on.
fn one_out(nth: usize) -> Run {
    let run = Run::new().phase("steady", 2.0).phase("outage", 4.0);
    let run = run.backend("a").backend("b").weighted("spare", 1, 1).class("reads", Method::Get);
    run.fault("outage", "status", &["a"]).calls(600, move |n| {
        let (ms, call) = (10.0 * n as f64, Call::due("reads", 10.0 * n as f64));
        let name = if n % 2 == 0 { "a" } else { "b" };
        match ms {
            ms if ms < 2_000.0 => call.attempt(Try::ok(name)),
            ms if ms < 2_100.0 && name == "a" => call.attempt(Try::hit("a", "status")),
            ms if ms > 2_200.0 && n % nth == 0 => call.attempt(Try::ok("spare")),
            _ => call.attempt(Try::ok("b")),
        }
    })
}

const WITHIN: &str = "failover = { within = '500ms' }";

#[test]
fn a_later_group_that_is_used_while_an_earlier_one_works_is_caught() {
    let breaking = |run: Run| {
        let trip = policy::Trip { consecutive: Some(5), count: None, share: None, within: None, min: None };
        let breaker = policy::Breaker::new(trip, units::Timespan::from_secs(2));
        run.policy(policy::Policy { breaker: Some(breaker), ..policy::Policy::default() })
    };
    for run in [one_out(3), breaking(one_out(3))] {
        let finding = run.finding("outage", "reads", WITHIN);
        assert_eq!(finding.verdict, Verdict::Fail, "{finding:#?}");
        assert!(finding.summary.contains("too early"), "{}", finding.summary);
    }
    for run in [one_out(usize::MAX), breaking(one_out(usize::MAX))] {
        let finding = run.finding("outage", "reads", WITHIN);
        assert_eq!(finding.verdict, Verdict::Pass, "{finding:#?}");
    }
}

#[test]
fn what_turns_connections_away_hides_whether_a_backend_is_still_asked() {
    let run = Run::new().phase("outage", 4.0).backend("a").backend("b").class("reads", Method::Get);
    let run = run.fault("outage", "refuse", &["a"]).firing("refuse", "a", 0.0, 4_000.0);
    let finding = run
        .calls(400, |n| Call::due("reads", 10.0 * n as f64).attempt(Try::ok("b")))
        .finding("outage", "reads", WITHIN);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{finding:#?}");
    assert!(finding.remedy.is_some_and(|remedy| remedy.contains("in sight")));
}

#[rstest]
#[case::no_fault("steady", WITHIN)]
#[case::over_before_the_time_is("outage", "failover = { within = '9s' }")]
#[case::nothing_long_enough_after_it("outage", "failover = { within = '500ms', back_within = '9s' }")]
fn without_a_time_to_look_at_nothing_is_told(#[case] phase: &str, #[case] demand: &str) {
    let finding = run(CORRECT).finding(phase, "reads", demand);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{finding:#?}");
    assert!(finding.remedy.is_some());
}

#[test]
fn a_fault_that_met_nothing_proves_no_failover() {
    let run = Run::new().phase("outage", 4.0).backend("a").backend("b").class("reads", Method::Get);
    let run = run.fault("outage", "status", &["a"]);
    let finding = run
        .calls(400, |n| Call::due("reads", 10.0 * n as f64).attempt(Try::ok("b")))
        .finding("outage", "reads", WITHIN);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{finding:#?}");
}

#[test]
fn a_stall_just_before_the_time_is_over_explains_what_it_put_off_and_no_more() {
    let late = Gateway { moves_ms: 560.0, ..CORRECT };
    let finding = judged(&run(late).hiccup(2_450.0, 100.0));
    assert_eq!(finding.verdict, Verdict::Pass, "{finding:#?}");
    let finding = judged(&run(Gateway { moves_ms: 1_500.0, ..CORRECT }).hiccup(2_450.0, 100.0));
    assert_eq!(finding.verdict, Verdict::Fail, "{finding:#?}");
}

#[test]
fn what_a_plan_can_not_show_is_told_before_the_run() {
    let of = |demand| foreseen(&run(CORRECT), "outage", "reads", demand);
    assert!(of(DEMAND).iter().all(|one| matches!(one, Forecast::Exposures { .. }) && !one.falls_short()));
    assert!(matches!(&of("failover = { within = '5s' }")[..], [Forecast::CannotPass(_)]));
    assert!(of("failover = { within = '3800ms' }")[0].falls_short());
    let back = of("failover = { within = '1s', back_within = '5s' }");
    assert!(back.iter().any(|one| matches!(one, Forecast::CannotPass(_))));
}

#[test]
fn no_gateway_without_probes_is_demanded() {
    let text = "failover = { within = '1s', left = 0.0 }";
    assert!(settings(text).is_ok_and(|settings| settings.contract().problem().is_some()));
}
