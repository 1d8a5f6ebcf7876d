//! Made dashboards, those that lie and the one that does not, and what `agrees` says of them.

use evidence::Method;
use insta::assert_snapshot;
use reports::{Finding, Verdict};
use rstest::rstest;

use crate::testing::{Call, Judging, Run, Try, foreseen, settings};

/// What a gateway has counted by some time: requests, retries, errors.
type Counters = [f64; 3];

/// A request every 10 ms: 4 s in which all is well, an outage of 8 s in which `a` fails each first attempt and every fourth
/// request as a whole, and 4 s after it.
fn run() -> Run {
    let run = Run::new().phase("steady", 4.0).phase("outage", 8.0).phase("recovery", 4.0);
    let run =
        run.backend("a").backend("b").class("reads", Method::Get).fault("outage", "status", &["a"]).metrics();
    run.calls(1_600, |n| {
        let due = 10.0 * n as f64;
        let call = Call::due("reads", due);
        match n % 4 {
            _ if !in_outage(due) => call.attempt(Try::ok("b")),
            0 => call.attempt(Try::hit("a", "status")).attempt(Try::hit("a", "status")),
            _ => call.attempt(Try::hit("a", "status")).attempt(Try::ok("b")),
        }
    })
}

fn in_outage(ms: f64) -> bool {
    (4_000.0..12_000.0).contains(&ms)
}

/// What an honest gateway has counted some milliseconds after the epoch.
fn honest(ms: f64) -> Counters {
    let due = |from: f64, to: f64| ((ms.min(to) - from).max(0.0) / 10.0).ceil();
    [due(0.0, 16_000.0), due(4_000.0, 12_000.0), (due(4_000.0, 12_000.0) / 4.0).ceil()]
}

/// The run, scraped once a second from before it to after it, by a gateway that tells `of` what it has counted.
fn telling(of: impl Fn(f64) -> Counters) -> Run {
    let scrapes = (0..18).map(|second| 1_000.0 * f64::from(second) - 245.0);
    scrapes.fold(run(), |run, ms| {
        let [requests, retries, errors] = of(ms);
        let figures = [
            ("requests_total", requests),
            ("retries_total", retries),
            ("responses_total{class=\"5xx\"}", errors),
        ];
        run.scrape(ms, &figures)
    })
}

fn outage(of: impl Fn(f64) -> Counters) -> Finding {
    telling(of).finding("outage", "", "agrees = {}")
}

#[test]
fn a_dashboard_that_tells_what_happened_passes() {
    let finding = outage(honest);
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.summary);
    assert_snapshot!(format!("{}\n{}", finding.observed, finding.because));
}

#[test]
fn over_the_whole_run_nothing_is_uncertain() {
    let finding = telling(honest).whole_run().finding("steady", "", "agrees = { off_by = 0.0 }");
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    assert_snapshot!(finding.observed);
    let one_more = |ms: f64| honest(ms).map(|counted| if ms > 15_000.0 { counted + 1.0 } else { counted });
    let finding = telling(one_more).whole_run().finding("steady", "", "agrees = { off_by = 0.0 }");
    assert_eq!(finding.verdict, Verdict::Fail, "{}", finding.because);
}

#[rstest]
#[case::no_retries(|ms: f64| [honest(ms)[0], 0.0, honest(ms)[2]], "retries")]
#[case::no_errors(|ms: f64| [honest(ms)[0], honest(ms)[1], 0.0], "errors")]
#[case::frozen(|ms: f64| if in_outage(ms) { honest(4_000.0) } else { honest(ms) }, "requests")]
#[case::every_tenth_left_out(|ms: f64| honest(ms).map(|counted| (counted * 0.9).floor()), "requests")]
#[case::each_attempt_is_a_request(|ms: f64| [honest(ms)[0] + honest(ms)[1], honest(ms)[1], honest(ms)[2]], "requests")]
#[case::retries_that_never_were(|ms: f64| [honest(ms)[0], 2.0 * honest(ms)[1], honest(ms)[2]], "retries")]
fn one_that_lies_is_caught_with_both_numbers(#[case] lie: fn(f64) -> Counters, #[case] what: &str) {
    let finding = outage(lie);
    assert_eq!(finding.verdict, Verdict::Fail, "{}", finding.because);
    assert!(finding.summary.contains(what), "{}", finding.summary);
}

#[test]
fn what_is_said_of_a_lie_has_both_numbers() {
    let finding = outage(|ms| [honest(ms)[0], 0.0, honest(ms)[2]]);
    assert_snapshot!(format!("{}\n{}", finding.summary, finding.because));
}

#[test]
fn a_counter_that_begins_anew_with_a_restart_is_no_lie() {
    let anew = |ms: f64| {
        let before = honest(8_000.0);
        if ms < 8_000.0 { honest(ms) } else { [0, 1, 2].map(|index| honest(ms)[index] - before[index]) }
    };
    let finding = telling(anew).whole_run().finding("steady", "", "agrees = { off_by = 0.3 }");
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.because);
    let finding = telling(anew).whole_run().finding("steady", "", "agrees = { off_by = 0.0 }");
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.because);
}

#[rstest]
#[case::no_scrapes(run(), "agrees = {}")]
#[case::one_scrape(run().scrape(5_000.0, &[("requests_total", 1.0)]), "agrees = {}")]
#[case::no_such_series(telling(honest), "agrees = { requests = \"hits_total\" }")]
#[case::too_few(telling(honest).samples_min(5_000), "agrees = {}")]
#[case::too_fine_for_a_phase(telling(honest), "agrees = { off_by = 0.001 }")]
#[case::hidden_attempts(telling(honest).fault("outage", "accept", &["b"]), "agrees = { only = [\"retries\"] }")]
fn what_does_not_show_it_proves_nothing_and_says_what_would(#[case] run: Run, #[case] demand: &str) {
    let finding = run.finding("outage", "", demand);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.summary);
    assert!(finding.remedy.is_some(), "{}", finding.because);
}

#[test]
fn what_did_not_come_up_is_looked_at_only_if_it_is_named() {
    let finding = telling(honest).finding("recovery", "", "agrees = { off_by = 0.1 }");
    assert_eq!(finding.verdict, Verdict::Pass, "{}", finding.summary);
    let named = telling(honest).finding("recovery", "", "agrees = { only = [\"errors\"] }");
    assert_eq!(named.verdict, Verdict::Inconclusive);
}

#[test]
fn counters_of_all_traffic_say_nothing_of_one_class() {
    let finding = telling(honest).finding("outage", "reads", "agrees = {}");
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    let named = telling(honest).finding(
        "outage",
        "reads",
        "agrees = { requests = \"requests_total\", only = [\"requests\"] }",
    );
    assert_eq!(named.verdict, Verdict::Pass, "{}", named.summary);
}

#[test]
fn a_phase_that_is_too_short_for_two_scrapes_is_told_before_the_run() {
    let short = Run::new().phase("blink", 2.0).backend("a").class("reads", Method::Get).metrics();
    let short = short.calls(200, |n| Call::due("reads", 10.0 * n as f64).attempt(Try::ok("a")));
    assert_snapshot!(format!("{:?}", foreseen(&short, "blink", "", "agrees = {}")));
    assert_snapshot!("fewer_scrapes_than_it_takes", format!("{:?}", foreseen(&run(), "outage", "", UP)));
}

#[rstest]
#[case("agrees = { off_by = 1.0 }")]
#[case("agrees = { within = \"2m\" }")]
fn bounds_that_make_no_sense_are_refused(#[case] text: &str) {
    assert!(settings(text).is_ok_and(|settings| settings.contract().problem().is_some()));
}

#[test]
fn a_sum_that_is_none_is_refused_where_it_stands() {
    assert_snapshot!(settings("agrees = { requests = \"hits{\" }").unwrap_err());
}

/// A request every 10 ms, dealt out in turn, for 4 s in which all is well, 16 s in which `a` fails and is left alone for 3 s at a
/// time after five failures in a row, and 4 s after it.
fn ejecting() -> Run {
    let run = Run::new().phase("steady", 4.0).phase("outage", 16.0).phase("recovery", 4.0);
    let run = run.backend("a").backend("b").class("reads", Method::Get).fault("outage", "status", &["a"]);
    run.metrics().calls(2_400, |n| {
        let due = 10.0 * n as f64;
        let call = Call::due("reads", due);
        if n % 2 == 0 || is_out(due) {
            call.attempt(Try::ok("b"))
        } else if (4_000.0..20_000.0).contains(&due) {
            call.attempt(Try::hit("a", "status"))
        } else {
            call.attempt(Try::ok("a"))
        }
    })
}

/// Whether `a` is left alone: from 100 ms of each 3.1 s of the outage on.
fn is_out(ms: f64) -> bool {
    (4_000.0..20_000.0).contains(&ms) && (ms - 4_000.0) % 3_100.0 >= 100.0
}

/// The same, scraped by a gateway that tells `up` of `a` and of `b`.
fn ejecting_and_telling(up: impl Fn(f64) -> (bool, bool)) -> Run {
    (0..26).fold(ejecting(), |run, second| {
        let ms = 1_000.0 * f64::from(second) - 245.0;
        let (a, b) = up(ms);
        let figures = [
            ("requests_total", (ms.clamp(0.0, 24_000.0) / 10.0).ceil()),
            ("up{backend=\"a\"}", f64::from(u8::from(a))),
            ("up{backend=\"b\"}", f64::from(u8::from(b))),
        ];
        run.scrape(ms, &figures)
    })
}

const UP: &str = "agrees = { only = [\"up\"] }";

#[test]
fn a_gateway_that_tells_which_backends_are_out_passes() {
    let run = ejecting_and_telling(|ms| (!is_out(ms), true));
    let finding = run.finding("outage", "", UP);
    assert_eq!(finding.verdict, Verdict::Pass, "{}; {}", finding.summary, finding.because);
    assert_snapshot!("told", format!("{}\n{}", finding.observed, finding.because));
    // A series that is named is taken to tell what is so at once.
    let named = "agrees = { up = \"up{backend=\\\"{{backend.name}}\\\"}\", only = [\"up\"] }";
    let finding = run.finding("outage", "", named);
    assert_eq!(finding.verdict, Verdict::Pass, "{}; {}", finding.summary, finding.because);
}

#[rstest]
#[case::always_up(|_| (true, true), "`a` in use")]
#[case::the_other_one(|ms| (true, !is_out(ms)), "`a` in use")]
#[case::all_out(|ms: f64| (!is_out(ms), !is_out(ms)), "`b` left alone")]
#[case::never_back(|ms: f64| (ms < 4_000.0, ms < 8_000.0), "`b` left alone")]
#[case::a_second_late(|ms: f64| (!is_out(ms - 1_000.0), true), "`a`")]
fn one_that_lies_of_its_backends_is_caught(#[case] up: fn(f64) -> (bool, bool), #[case] says: &str) {
    // With a breaker that does not panic: one that has no backend left sends no traffic.
    let breaker = serde_json::json!({ "trip": { "consecutive": 5 }, "open_for": "3s" });
    let policy = serde_json::from_value(serde_json::json!({ "breaker": breaker })).unwrap();
    let finding = ejecting_and_telling(up).policy(policy).finding("outage", "", "agrees = {}");
    assert_eq!(finding.verdict, Verdict::Fail, "{}; {}", finding.summary, finding.because);
    assert!(finding.summary.contains(says), "{}", finding.summary);
}

#[test]
fn what_is_said_of_a_lie_about_a_backend_tells_when_and_what_came() {
    let finding = ejecting_and_telling(|_| (true, true)).finding("outage", "", UP);
    assert_snapshot!(format!("{}\n{}", finding.summary, finding.because));
    assert!(!finding.witnesses.is_empty());
}

#[rstest]
#[case::nothing_was_left_alone("recovery", ejecting_and_telling(|_| (true, true)))]
#[case::a_fault_hides_what_arrives("outage", ejecting_and_telling(|_| (true, true)).fault("outage", "accept", &["a"]))]
#[case::no_such_series("outage", ejecting())]
#[case::too_few("outage", ejecting_and_telling(|ms| (!is_out(ms), true)).samples_min(100))]
#[case::all_out_may_be_panic("recovery", ejecting_and_telling(|_| (false, false)))]
fn what_does_not_show_which_backends_are_in_use_proves_nothing(#[case] phase: &str, #[case] run: Run) {
    let finding = run.finding(phase, "", UP);
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.summary);
    assert!(finding.remedy.is_some(), "{}", finding.because);
}

#[test]
fn a_series_that_is_the_same_for_all_backends_is_refused() {
    assert_snapshot!(settings("agrees = { up = \"servers_up\" }").unwrap_err());
}
