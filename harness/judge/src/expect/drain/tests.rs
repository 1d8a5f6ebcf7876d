//! Made-up reloads and restarts, and what `drain` says of them.

use evidence::{Carried, Method, Outcome};
use insta::assert_snapshot;
use reports::Verdict;
use rstest::rstest;

use crate::testing::{Call, Judging, Run, Try, settings};

/// A request of 40 ms every 2 ms for 4 s. At 1 s, `a` is taken out; `becomes` says what becomes of a request that is due then.
fn moving(becomes: impl Fn(f64, Call) -> Call) -> Run {
    let run = Run::new().phase("moving", 4.0).backend("a").backend("b").class("reads", Method::Get);
    run.action("moving", "reload", &["b"], (1_000.0, 1_010.0)).calls(1_950, move |n| {
        let due = 2.0 * n as f64;
        let to = if due < 1_000.0 { "a" } else { "b" };
        becomes(due, Call::due("reads", due).attempt(Try::ok(to).takes(40.0)))
    })
}

const DEMAND: &str = "drain = { within = \"500ms\" }";

#[test]
fn a_reload_that_costs_nothing_passes() {
    let finding = moving(|_, call| call).finding("moving", "reads", DEMAND);
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    assert_snapshot!(format!("{}\n{}\n{}", finding.summary, finding.observed, finding.because), @r"
    `reload` in `moving` cost 0 requests; what was taken out or replaced was left alone within 500 ms
    0 of 526 requests around `reload` failed; no attempt came there any more
    26 requests under way while it was done, 526 requests up to 1 s after it; no attempt came there any more
    ");
}

#[test]
fn one_that_breaks_off_what_is_under_way_is_caught_with_who_paid() {
    let broken = |due: f64, call: Call| {
        if due > 960.0 && due < 1_000.0 { call.ends(Outcome::RstNoStatus, 1_000.0 - due) } else { call }
    };
    let finding = moving(broken).finding("moving", "reads", DEMAND);
    assert_eq!(finding.verdict, Verdict::Fail);
    assert_snapshot!(finding.summary, @"`reload` in `moving` cost 19 requests");
    assert!(
        finding.witnesses[0].shows.ends_with("it was under way when `reload` began"),
        "{:?}",
        finding.witnesses[0]
    );
    let allowed = moving(broken).finding("moving", "reads", "drain = { failed_max = 19 }");
    assert_eq!(allowed.verdict, Verdict::Pass, "{}", allowed.summary);
    let allowed = moving(broken).finding("moving", "reads", "drain = { failed_max = 18 }");
    assert_eq!(allowed.verdict, Verdict::Fail, "{}", allowed.summary);
}

#[test]
fn one_that_goes_on_with_what_was_taken_out_is_caught_with_how_long() {
    let late = |due: f64, call: Call| {
        if due > 1_000.0 && ((due / 2.0) as u64).is_multiple_of(10) {
            Call::due("reads", due).attempt(Try::ok("a").takes(40.0))
        } else {
            call
        }
    };
    let finding = moving(late).finding("moving", "reads", DEMAND);
    assert_eq!(finding.verdict, Verdict::Fail);
    assert_snapshot!(finding.summary, @"120 attempts still came to what was taken out or replaced, later than 500 ms");
    assert!(
        finding.witnesses[0].shows.starts_with("it came to a backend that was taken out, 500 ms"),
        "{:?}",
        finding.witnesses[0]
    );
}

#[test]
fn a_connection_of_the_process_before_a_restart_is_to_be_left_alone_too() {
    let run = Run::new().phase("restarting", 4.0).backend("a").class("reads", Method::Get);
    let run =
        run.action("restarting", "restart", &["a"], (1_000.0, 1_010.0)).connection(7, "a", 0.0, 3_999.0);
    let on = |number: u32| {
        run.clone().calls(1_950, move |n| {
            let attempt = Try::ok("a").takes(40.0).row(move |attempt| attempt.connection = number);
            Call::due("reads", 2.0 * n as f64).attempt(attempt)
        })
    };
    assert_eq!(on(7).finding("restarting", "reads", DEMAND).verdict, Verdict::Fail);
    assert_eq!(on(8).finding("restarting", "reads", DEMAND).verdict, Verdict::Pass);
}

#[test]
fn a_gateway_that_did_not_come_back_fails() {
    let run = moving(|_, call| call).action_row(Carried::Down, Some("it ended"));
    let finding = run.finding("moving", "reads", DEMAND);
    assert_eq!(finding.verdict, Verdict::Fail);
    assert_snapshot!(finding.summary, @"the gateway did not come back from `reload`");
}

#[rstest]
#[case::it_failed(moving(|_, call| call).action_row(Carried::Failed, Some("no such file")))]
#[case::it_was_not_over(moving(|_, call| call).action_row(Carried::Unfinished, None))]
#[case::it_never_began(moving(|_, call| call).action_never_began())]
#[case::nothing_was_under_way(moving(|due, _| Call::due("reads", due).attempt(Try::ok(if due < 1_000.0 { "a" } else { "b" }).takes(0.1))))]
#[case::the_machine_stood_still(moving(|_, call| call).hiccup(900.0, 300.0))]
fn what_does_not_show_it_proves_nothing(#[case] run: Run) {
    let finding = run.finding("moving", "reads", DEMAND);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.summary);
    assert!(finding.remedy.is_some());
}

#[rstest]
#[case::failed("availability = { min = 0.9 }")]
#[case::failed_too("freeze = { longest = \"200ms\" }")]
fn no_demand_passes_in_a_phase_whose_action_was_not_carried_out(#[case] demand: &str) {
    let run = moving(|_, call| call);
    assert_eq!(run.clone().finding("moving", "reads", demand).verdict, Verdict::Pass);
    let finding = run.action_row(Carried::Failed, Some("no such file")).finding("moving", "reads", demand);
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert!(finding.because.contains("the action `reload` failed: no such file"), "{}", finding.because);
}

#[test]
fn a_failure_that_a_fault_explains_is_no_cost_of_the_maintenance() {
    let run = Run::new().phase("moving", 4.0).backend("a").backend("b").class("reads", Method::Get);
    let run = run.fault("moving", "status", &["b"]).action("moving", "reload", &["b"], (1_000.0, 1_010.0));
    let run = run.calls(1_950, |n| {
        let due = 2.0 * n as f64;
        let attempt = if n % 20 == 0 { Try::hit("b", "status") } else { Try::ok("b").takes(40.0) };
        Call::due("reads", due).attempt(attempt)
    });
    let finding = run.finding("moving", "reads", "drain = {}");
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.summary);
    assert!(finding.set_aside.iter().any(|row| row.why.contains("a fault of a backend")));
}

#[rstest]
#[case("drain = { failed_max = 3, failed_share_max = 0.1 }")]
#[case("drain = { failed_share_max = 1.0 }")]
fn bounds_that_make_no_sense_are_refused(#[case] text: &str) {
    assert!(settings(text).is_ok_and(|settings| settings.contract().problem().is_some()));
}
