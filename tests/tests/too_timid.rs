//! What can be told must be told: evidence that proves something, though a part of it proves nothing.

use brownout_tests::case::Case;
use evidence::Hiccup;
use reports::{Report, Verdict};
use units::Moment;

const RETRY: &str = r#"retry = { attempts = 2, on = ["503"], methods = ["GET"] }"#;
const BREAKER: &str = r#"breaker = { trip = { consecutive = 5 }, open_for = "1s" }"#;

/// The report of a run in which the machine stalled once, for so many milliseconds, in the middle of the outage.
fn stalled(case: &Case, millis: u64) -> Report {
    case.doctored(|run| {
        run.hiccups(|rows| rows.push(Hiccup { at: Moment(6_000_000_000), length: millis * 1_000_000 }))
    })
}

fn timer(real: &str) -> Case {
    Case::expecting("in = \"outage\"\ntimeout = { per_try = \"300ms\" }")
        .policy(&format!("timeout = {{ per_try = \"{real}\" }}"))
        .fault("hang = {}")
        // What overlaps the longest stall is less than a tenth of it.
        .lasting(["3s", "12s", "5s"])
}

/// n1 to n4.
#[test]
fn one_stall_explains_the_observations_that_it_touches_and_no_others() {
    for millis in [25, 60, 600] {
        assert_eq!(stalled(&timer("300ms"), millis).verdict, Verdict::Pass, "{millis} ms");
        assert_eq!(stalled(&timer("390ms"), millis).verdict, Verdict::Fail, "{millis} ms");
    }
    let waits = Case::expecting("in = \"outage\"\nbackoff = { fixed = \"100ms\" }").policy(
        "retry = { attempts = 2, on = [\"503\"], methods = [\"GET\"], backoff = { base = \"100ms\", factor = 1.0 } }",
    );
    assert_eq!(stalled(&waits, 25).verdict, Verdict::Pass);
}

/// n5 and n6.
#[test]
fn a_breaker_that_trips_late_is_told_beside_a_stall() {
    for (trips, rule) in [(10, "{ consecutive = 5 }"), (13, "{ consecutive = 10 }")] {
        let demand = format!("breaker = {{ trips_after = {rule}, open_for = \"1s\" }}");
        let case = Case::expecting(&format!("in = \"outage\"\n{demand}"))
            .policy(&format!("breaker = {{ trip = {{ consecutive = {trips} }}, open_for = \"1s\" }}"));
        assert_eq!(stalled(&case, 60).verdict, Verdict::Fail, "{trips} for {rule}");
    }
}

/// o6 and o7.
#[test]
fn a_refusal_at_the_begin_of_an_outage_blinds_only_its_own_time() {
    let case = Case::expecting("in = \"outage\"\nattempts = { max = 2 }")
        .policy(RETRY)
        .fault("on = [\"a\"]\nfor = \"1s\"\nrefuse = {}")
        .fault("from = \"2s\"\nstatus = { code = 503 }");
    case.passes();
    case.defect("one-retry-too-many").fails();
}

/// o8.
#[test]
fn a_refusal_of_one_backend_does_not_blind_the_breaker_of_another() {
    let demand = "breaker = { backend = \"b\", trips_after = { consecutive = 5 }, open_for = \"1s\" }";
    Case::expecting(&format!("in = \"outage\"\n{demand}"))
        .policy(BREAKER)
        .fault("on = [\"a\"]\nrefuse = {}")
        .fault("on = [\"b\"]\nstatus = { code = 503 }")
        .passes();
}

/// b22: what must not open it.
#[test]
fn a_breaker_that_rightly_stays_closed_passes_and_one_that_opens_fails() {
    let demand = "breaker = { trips_after = { consecutive = 5 }, open_for = \"1s\", stays_closed = true }";
    let case = Case::expecting(&format!("in = \"outage\"\n{demand}")).policy(BREAKER);
    case.clone().fault("status = { code = 404 }").passes();
    case.clone().fault("latency = { fixed = \"20ms\" }").passes();
    case.fault("status = { code = 404 }").defect("counts-404").fails();
}

/// b6 and e10: sentences that deny themselves.
#[test]
fn a_finding_does_not_deny_itself() {
    let demand = "breaker = { trips_after = { consecutive = 700 }, open_for = \"1s\" }";
    let breaker = Case::expecting(&format!("in = \"outage\"\n{demand}"))
        .policy("breaker = { trip = { consecutive = 700 }, open_for = \"1s\" }")
        .lasting(["1s", "3s", "2s"]);
    let finding = &breaker.report().findings[0];
    assert!(finding.because.contains("700 failures in a row were not seen, at most 300"), "{finding:#?}");
    let report = Case::expecting("in = \"outage\"\nstatus = { of = [504], share_min = 0.9 }").report();
    assert_eq!(report.verdict, Verdict::Fail, "none of the failed requests saw 504");
}

/// h12.
#[test]
fn bodies_that_there_are_none_of_are_not_said_to_agree() {
    let heads = "[traffic.reads]\nrequest = \"HEAD /items/{n}\"\nrate = \"200/s\"\n";
    let report = Case::expecting("in = \"steady\"\nintegrity = {}").traffic(heads).report();
    let finding = &report.findings[0];
    let said = format!("{} {} {}", finding.summary, finding.because, finding.observed);
    assert!(!said.contains("body hashes of all") && !said.contains("600 answer bodies"), "{said}");
}

/// Section 3, the last item: every finding that proves nothing says what to change.
#[test]
fn an_inconclusive_finding_names_its_reason_and_a_way_out() {
    for demand in
        ["attempts = { max = 2 }", "timeout = { per_try = \"300ms\" }", "availability = { min = 0.9999 }"]
    {
        let report = Case::expecting(&format!("in = \"outage\"\n{demand}"))
            .policy(RETRY)
            .fault("on = [\"a\"]\nlatency = { fixed = \"5ms\" }")
            .report();
        assert_eq!(report.verdict, Verdict::Inconclusive, "{demand}");
        let finding = &report.findings[0];
        assert!(finding.remedy.as_ref().is_some_and(|remedy| !remedy.is_empty()), "{finding:#?}");
        assert!(!finding.because.is_empty(), "{finding:#?}");
    }
}
