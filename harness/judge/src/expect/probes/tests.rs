//! `probes` on made ledgers.

use evidence::Method;
use reports::Verdict;
use rstest::rstest;

use crate::testing::{Call, Judging, Run, Try, foreseen, settings};

const DEMAND: &str = "probes = { every = \"250ms\", path = \"/health\", fall = 3, rise = 2 }";

/// Two backends get a request each 5 ms, in turn; the checks of `a`, each `every` ms, fail from the fifth to the twelfth. After
/// `out` failed ones it is left alone, until `back` good ones.
fn run(every: f64, path: &str, out: usize, back: usize) -> Run {
    let statuses = (1..=40).map(|nth| if (5..=12).contains(&nth) { 503 } else { 200 });
    let run = Run::new().phase("steady", 10.0).backend("a").backend("b").class("reads", Method::Get);
    let run = run.checks("a", path, every, statuses).checks("b", path, every, [200; 40]);
    let (from, to) = (every * (3.5 + out as f64), every * (11.5 + back as f64));
    run.calls(1_990, move |n| {
        let ms = 5.0 * n as f64;
        let is_out = (from..to).contains(&ms);
        Call::due("reads", ms).attempt(Try::ok(if is_out || n % 2 == 0 { "b" } else { "a" }))
    })
}

fn found(run: &Run) -> reports::Finding {
    run.finding("steady", "", DEMAND)
}

#[test]
fn checks_that_come_as_they_should_and_are_followed_pass() {
    let finding = found(&run(250.0, "/health", 3, 2));
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    insta::assert_snapshot!(finding.summary);
}

#[rstest]
#[case::seldom(run(300.0, "/health", 3, 2), "not every 250 ms was each backend asked")]
#[case::often(run(200.0, "/health", 3, 2), "not every 250 ms was each backend asked")]
#[case::for_something_else(
    run(250.0, "/", 3, 2),
    "checks did not ask for `/health`: 80 of 80 checks for `/`"
)]
#[case::out_late(run(250.0, "/health", 4, 2), "backends got requests after 3 failed checks in a row")]
#[case::out_early(run(250.0, "/health", 2, 2), "`a` was left alone before its checks had failed so often")]
#[case::back_late(
    run(250.0, "/health", 3, 3),
    "`a` was still left alone when its checks had been good so often"
)]
#[case::back_early(run(250.0, "/health", 3, 1), "backends got requests before 2 good checks in a row")]
fn what_is_otherwise_is_told(#[case] run: Run, #[case] words: &str) {
    let finding = found(&run);
    assert_eq!(finding.verdict, Verdict::Fail, "{}", finding.because);
    assert!(finding.summary.contains(words), "{}", finding.summary);
}

#[test]
fn a_backend_that_nobody_asks_is_named() {
    let run = Run::new().phase("steady", 10.0).backend("a").backend("b").class("reads", Method::Get);
    let run = run.calls(100, |n| Call::due("reads", 90.0 * n as f64).attempt(Try::ok(["a", "b"][n % 2])));
    let run = run.checks("a", "/health", 250.0, [200; 40]);
    let finding = run.finding("steady", "", "probes = { every = \"250ms\" }");
    assert_eq!(finding.verdict, Verdict::Fail);
    assert!(finding.summary.contains("no check came to `b` in 10 s"), "{}", finding.summary);
}

#[test]
fn backends_that_are_always_well_prove_nothing_of_what_follows_a_failure() {
    let run = Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get);
    let run = run.checks("a", "/health", 250.0, [200; 40]);
    let finding = run.finding("steady", "", "probes = { fall = 3, rise = 2 }");
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.because);
    assert!(finding.remedy.is_some());
}

#[test]
fn while_all_others_are_out_nothing_is_held_against_the_gateway() {
    // Only one backend: it gets all requests, whatever its checks say.
    let statuses = (1..=40).map(|nth| if nth >= 5 { 503 } else { 200 });
    let run = Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get);
    let run = run.checks("a", "/health", 250.0, statuses);
    let run = run.calls(1_990, |n| Call::due("reads", 5.0 * n as f64).attempt(Try::ok("a")));
    assert_ne!(run.finding("steady", "", "probes = { fall = 3, rise = 2 }").verdict, Verdict::Fail);
}

/// The third check has failed at 1 625 ms. Nobody knows when a gateway chose the backend of a request that was sent before.
#[rstest]
#[case::sent_before(1_622.0, Verdict::Pass)]
#[case::sent_after(1_640.0, Verdict::Fail)]
fn a_request_that_was_on_its_way_when_its_backend_went_out_is_not_held_against_the_gateway(
    #[case] sent: f64,
    #[case] verdict: Verdict,
) {
    let late = Call::due("reads", sent).attempt(Try::ok("a").after(30.0));
    let finding = found(&run(250.0, "/health", 3, 2).call(late));
    assert_eq!(finding.verdict, verdict, "{}", finding.because);
}

#[test]
fn a_stall_of_the_machine_is_not_held_against_the_gateway() {
    let stalled = run(250.0, "/health", 3, 2).hiccup(3_000.0, 400.0);
    assert_ne!(found(&stalled).verdict, Verdict::Fail);
}

/// The machine stands still for 4 ms of each 50, and one check in twenty comes 60 ms late, so that the pause after it is short.
#[rstest]
#[case::as_a_busy_machine_makes_it(250.0, 20, false)]
#[case::far_more_of_them(250.0, 2, true)]
#[case::all_of_them(350.0, 20, true)]
fn a_few_late_checks_on_a_machine_that_stands_still_now_and_then_are_no_failure(
    #[case] every: f64,
    #[case] each: usize,
    #[case] fails: bool,
) {
    let run = (0..200).fold(run(every, "/health", 3, 2), |run, nth| run.hiccup(50.0 * f64::from(nth), 4.0));
    let finding = run.late_checks(each, 60.0).finding("steady", "", "probes = { every = \"250ms\" }");
    assert_eq!(finding.verdict == Verdict::Fail, fails, "{}", finding.because);
}

#[test]
fn what_makes_no_sense_is_refused_and_too_short_a_phase_is_told_before_the_run() {
    for wrong in ["{}", "{ every = \"0s\" }", "{ fall = 3 }", "{ fall = 0, rise = 1 }"] {
        let settings = settings(&format!("probes = {wrong}")).unwrap();
        assert!(settings.contract().problem().is_some(), "{wrong}");
    }
    let run = run(250.0, "/health", 3, 2);
    assert!(!foreseen(&run, "steady", "", DEMAND)[0].falls_short());
    assert!(foreseen(&run, "steady", "", "probes = { every = \"2s\" }")[0].falls_short());
}

#[test]
fn where_other_machines_reach_a_backend_nobody_is_blamed_for_checks_that_may_be_anybodys() {
    let finding = found(&run(300.0, "/wp-login.php", 4, 3).off_loopback("a").off_loopback("b"));
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert!(
        finding.because.contains("which other machines can reach: they may be anybody's"),
        "{}",
        finding.because
    );
    assert!(finding.remedy.unwrap_or_default().contains("listen on loopback"));
    let well = found(&run(250.0, "/health", 3, 2).off_loopback("a").off_loopback("b"));
    assert_eq!(well.verdict, Verdict::Inconclusive, "nor is anything proven by them");
}

#[test]
fn a_backend_off_loopback_that_nobody_asks_is_named_all_the_same() {
    let run = Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get).off_loopback("a");
    let run = run.calls(100, |n| Call::due("reads", 90.0 * n as f64).attempt(Try::ok("a")));
    assert_eq!(run.finding("steady", "", "probes = { every = \"250ms\" }").verdict, Verdict::Fail);
}
