//! Gateways that break a demand, and faults that could not have shown it: none of these may pass. The names are those of
//! the trials in which each of them once did.

use brownout_tests::case::{Case, assert_not, assert_verdict};
use reports::Verdict;
use units::Moment;

const RETRY: &str = r#"retry = { attempts = 2, on = ["503", "timeout", "reset"], methods = ["GET"] }"#;
const PER_TRY: &str = r#"timeout = { per_try = "300ms" }"#;
const SPARE: &str = "[backend.a]\n[backend.b]\n[backend.c]\npriority = 1\n";
const TWICE: &str = "in = \"outage\"\nattempts = { max = 2 }";

/// A breaker that opens after so many failures in a row, for so long.
fn breaker(consecutive: u32, open_for: &str, more: &str) -> String {
    format!("breaker = {{ trip = {{ consecutive = {consecutive} }}, open_for = \"{open_for}\"{more} }}")
}

/// The demand of one that opens after 5 failures for 1 s.
fn five_for_a_second(more: &str) -> Case {
    Case::expecting(&format!(
        "in = \"outage\"\nbreaker = {{ trips_after = {{ consecutive = 5 }}, open_for = \"1s\"{more} }}"
    ))
}

/// 1.1 A: with equal rates, each class went to one backend only, and the reads never met the fault.
#[test]
fn classes_with_equal_rates_both_meet_a_fault_on_one_of_two_backends() {
    let classes = ["reads", "writes"].map(|name| {
        let method = if name == "reads" { "GET" } else { "POST" };
        format!("[traffic.{name}]\nrequest = \"{method} /items/{{n}}\"\nrate = \"100/s\"\n")
    });
    Case::expecting("in = \"outage\"\ntraffic = \"reads\"\navailability = { min = 0.99 }")
        .policy(RETRY)
        .traffic(&classes.concat())
        .fault("on = [\"a\"]\nstatus = { code = 503 }")
        .defect("no-retry")
        .fails();
}

/// 1.1 B.
#[test]
fn nothing_recovers_from_a_fault_that_never_fired() {
    Case::expecting("in = \"after\"\nrecovery = { within = \"1s\" }")
        .backends(SPARE)
        .fault("on = [\"c\"]\nstatus = { code = 503 }")
        .never_passes();
}

/// 1.1 C.
#[test]
fn one_of_several_planned_faults_is_not_enough() {
    Case::expecting(TWICE)
        .policy(RETRY)
        .backends(SPARE)
        .fault("on = [\"a\", \"b\"]\nstatus = { code = 503 }")
        .fault("on = [\"c\"]\nhang = {}")
        .never_passes();
}

/// 1.1 E: e5, e3, e16, e4, q6; and 1.1 F.
#[test]
fn a_fault_that_gives_no_reason_to_try_again_proves_nothing_of_how_often_it_is_tried() {
    for fault in [
        "latency = { fixed = \"1ms\" }",
        "status = { code = 200 }",
        "status = { code = 503, share = 0.002 }",
        "on = [\"a\"]\nstatus = { code = 503 }",
    ] {
        for (demand, defect) in [
            ("attempts = { max = 2 }", "one-retry-too-many"),
            ("attempts = { exactly = 2 }", "one-retry-too-many"),
            ("no_replay = {}", "retries-post"),
        ] {
            Case::expecting(&format!("in = \"outage\"\n{demand}"))
                .policy(RETRY)
                .fault(fault)
                .defect(defect)
                .never_passes();
        }
    }
}

/// 1.1 E, q5: the pass of a part that must be seen needs cases of it.
#[test]
fn nothing_that_was_cut_proves_nothing_of_cut_answers() {
    Case::expecting("in = \"outage\"\nintegrity = { parts = [\"cut\"] }")
        .defect("truncated-as-complete")
        .never_passes();
}

/// 1.2, q1 to q3 and F4.
#[test]
fn timers_of_another_length_fail() {
    let hanging = |expect: &str, policy: &str| {
        Case::expecting(&format!("in = \"outage\"\ntimeout = {expect}")).policy(policy).fault("hang = {}")
    };
    hanging("{ total = \"2s\" }", "timeout = { total = \"700ms\" }").fails();
    hanging("{ per_try = \"300ms\" }", "timeout = { per_try = \"349ms\" }").fails();
    hanging("{ per_try = \"100ms\" }", "timeout = { per_try = \"149ms\" }").fails();
    hanging("{ per_try = \"300ms\" }", PER_TRY).policy(RETRY).defect("undeclared-total").fails();
}

/// 1.2, F3 and F6.
#[test]
fn timers_and_bounds_that_nothing_can_reach_are_refused() {
    let total = Case::expecting("in = \"outage\"\ntimeout = { total = \"2s\" }");
    let refused = total.policy(PER_TRY).policy(RETRY).fault("hang = {}").checked().unwrap_err();
    assert!(refused.contains("can't pass") && refused.contains("it never has to fire"), "{refused}");
    let bound = Case::expecting("in = \"outage\"\nlatency = { p99 = \"12s\", max = \"12s\" }");
    let refused = bound.fault("hang = {}").checked().unwrap_err();
    assert!(refused.contains("can't fail") && refused.contains("deadline of 10 s"), "{refused}");
}

/// 1.3, F1, F1b and F2.
#[test]
fn a_backoff_that_is_missing_or_does_not_grow_is_caught() {
    let retry = |attempts: u32, backoff: &str| {
        format!(
            "retry = {{ attempts = {attempts}, on = [\"503\"], methods = [\"GET\"], backoff = {{ {backoff} }} }}"
        )
    };
    let demanding = |demand: &str| Case::expecting(&format!("in = \"outage\"\nbackoff = {{ {demand} }}"));
    demanding("fixed = \"20ms\"")
        .policy(&retry(3, "base = \"20ms\", factor = 1.0"))
        .defect("no-backoff")
        .fails();
    demanding("exponential = { base = \"10ms\", factor = 2.0 }")
        .policy(&retry(3, "base = \"10ms\""))
        .defect("no-backoff")
        .fails();
    demanding("exponential = { base = \"100ms\", factor = 2.0 }")
        .policy(&retry(2, "base = \"100ms\", factor = 1.0"))
        .never_passes();
}

/// 1.3, F5 and F5b.
#[test]
fn no_observations_prove_nothing_whatever_samples_min_says() {
    let without = |demand: &str| Case::expecting(&format!("in = \"outage\"\nsamples_min = 0\n{demand}"));
    without("backoff = { fixed = \"20ms\" }").policy(RETRY).defect("no-retry").never_passes();
    let timer = without("timeout = { per_try = \"300ms\" }").policy(PER_TRY);
    timer.fault("latency = { fixed = \"10ms\" }").never_passes();
    let said = without("attempts = { max = 2 }").policy(RETRY).checked().unwrap();
    assert!(said.contains("`samples_min = 0` changes nothing"), "{said}");
}

/// 1.4, b1, b20, b21, b7 and W2.
#[test]
fn breakers_that_open_late_or_for_another_time_or_never_fail() {
    five_for_a_second("").policy(&breaker(10, "1s", "")).fails();
    five_for_a_second("").policy(&breaker(5, "1450ms", "")).fails();
    five_for_a_second("").policy(&breaker(5, "520ms", "")).fails();
    five_for_a_second("").policy(&breaker(5, "1s", "")).defect("breaker-never-trips").fails();
    let lenient = five_for_a_second(", leaked_max = 100000").policy(&breaker(5, "1s", ""));
    lenient.defect("breaker-never-trips").fails();
    let longer = "in = \"outage\"\nbreaker = { trips_after = { consecutive = 5 }, open_for = \"4s\" }";
    Case::expecting(longer).policy(&breaker(5, "1500ms", "")).fails();
}

/// 1.4, b2 and b23: a flood of probes shows only where a probe takes long enough for others to come.
#[test]
fn a_flood_of_probes_fails_where_it_shows_and_passes_nowhere() {
    let flooding = five_for_a_second(", probes_max = 1").policy(&breaker(5, "1s", ", probes = 50"));
    flooding.never_passes();
    flooding.clone().policy(PER_TRY).fault("hang = {}").fails();
    let slow = flooding.fault("on = [\"a\", \"b\"]\nstatus = { code = 503 }");
    slow.fault("latency = { fixed = \"100ms\" }").fails();
}

/// 1.4, b3a, for twenty seeds.
#[test]
fn a_breaker_that_trips_at_a_fifth_is_none_of_a_half() {
    let by = |share: &str| format!("{{ share = {share}, within = \"2s\", min = 20 }}");
    for seed in 1..=20 {
        Case::expecting(&format!(
            "in = \"outage\"\nbreaker = {{ trips_after = {}, open_for = \"1s\" }}",
            by("0.5")
        ))
        .policy(&format!("breaker = {{ trip = {}, open_for = \"1s\" }}", by("0.2")))
        .fault("on = [\"a\", \"b\"]\nstatus = { code = 503, share = 0.25 }")
        .seed(seed)
        .never_passes();
    }
}

/// 1.4, b11: what can't be told apart at so high a rate is told in requests.
#[test]
fn one_failure_too_late_does_not_pass_at_a_high_rate_and_the_finding_says_what_fits_too() {
    let fast = five_for_a_second("").rate("2000/s").lasting(["1s", "3s", "3s"]);
    let report = fast.policy(&breaker(6, "1s", "")).report();
    assert_not(&report, Verdict::Pass);
    let finding = &report.findings[0];
    assert!(format!("{}{}", finding.summary, finding.because).contains("failures in a row"), "{finding:#?}");
}

/// 1.4, m8 and m10, and their like among the defects.
#[test]
fn a_breaker_that_stays_open_longer_each_time_or_gives_half_back_does_not_pass() {
    five_for_a_second("").policy(&breaker(5, "1s", "")).defect("open-time-grows").fails();
    let one = "on = [\"a\"]\nstatus = { code = 503 }";
    let returning = five_for_a_second(", recovers_within = \"3s\"").policy(&breaker(5, "1s", "")).fault(one);
    returning.defect("half-back").never_passes();
    let recovering =
        Case::expecting("in = \"after\"\nrecovery = { within = \"3s\" }").policy(&breaker(5, "1s", ""));
    recovering.fault(one).defect("half-back").never_passes();
}

/// 1.6, e8 and o9.
#[test]
fn clients_that_leave_before_the_gateway_gives_up_prove_nothing_of_it() {
    let leaving = "[traffic.reads]\nrequest = \"GET /items/{n}\"\nrate = \"200/s\"\ndeadline = \"250ms\"\n";
    let case = Case::expecting("in = \"outage\"\nattempts = { min = 2 }")
        .policy("timeout = { per_try = \"2s\" }")
        .policy("retry = { attempts = 2, on = [\"503\"], methods = [\"GET\"] }")
        .traffic(leaving);
    case.clone()
        .fault("on = [\"a\"]\nhang = { share = 0.5 }")
        .fault("on = [\"b\"]\nstatus = { code = 503, share = 0.5 }")
        .never_passes();
    let all = case.fault("hang = {}");
    all.never_passes();
    if all.checked().is_ok() {
        let because = &all.report().findings[0].because;
        assert!(!because.contains("no first attempt was failed"), "{because}");
    }
}

/// 1.7, w1.
#[test]
fn what_the_settling_time_hides_is_told() {
    let case = Case::expecting("in = \"outage\"\nsettle = \"2s\"\navailability = { min = 0.1 }");
    let report = case.fault("for = \"1900ms\"\nstatus = { code = 503 }").report();
    let finding = &report.findings[0];
    assert!(finding.because.contains("the settling time of 2 s leaves out 400 requests"), "{finding:#?}");
}

/// 10, made-up answers, and shed requests that nobody looked at.
#[test]
fn answers_that_no_backend_made_are_no_successes_and_shed_requests_are_looked_at() {
    let made_up = |expect: &str| Case::expecting(expect).defect("makes-up-answers");
    made_up("in = \"outage\"\navailability = { min = 0.99 }").fails();
    made_up("in = \"outage\"\nintegrity = {}").never_passes();
    Case::expecting("in = \"outage\"\nstatus = { of = [503] }")
        .policy(&breaker(5, "1s", ""))
        .defect("shed-as-500")
        .fails();
    let slow = Case::expecting("in = \"outage\"\nshed = { of = [503], within = \"50ms\" }");
    slow.policy(&breaker(5, "1s", "")).defect("slow-shed").fails();
    assert_verdict(
        &Case::expecting("in = \"outage\"\nshed = { of = [503], within = \"50ms\" }")
            .policy(&breaker(5, "1s", ""))
            .report(),
        Verdict::Pass,
    );
}

/// What fails takes long, and a stall touches what takes long: setting that aside must not make the rest a pass.
#[test]
fn failures_that_stalls_touch_are_not_left_out_of_a_pass() {
    let case = Case::expecting("in = \"outage\"\navailability = { min = 0.99 }")
        .traffic("[traffic.reads]\nrequest = \"GET /items/{n}\"\nrate = \"200/s\"\ndeadline = \"1s\"\n")
        .fault("hang = { share = 0.05 }");
    let report = case.doctored(|run| {
        let stall = |nth: i64| evidence::Hiccup { at: Moment(nth * 900_000_000), length: 25_000_000 };
        run.hiccups(|rows| rows.extend((0..17).map(stall)))
    });
    assert_not(&report, Verdict::Pass);
}

/// All bytes arrive, and the chunk that says so does not: a gateway that adds it says what nobody knows.
#[test]
fn an_answer_without_its_last_chunk_that_a_gateway_ends_by_itself_is_not_whole() {
    let case = Case::expecting("in = \"outage\"\nintegrity = { parts = [\"cut\"] }")
        .fault("on = [\"a\"]\nmissing_last_chunk = {}");
    case.passes();
    case.defect("truncated-as-complete").fails();
}
