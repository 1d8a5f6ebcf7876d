//! Gateways that do what they should: none of these may fail. The names are those of the trials in which each once did.

use brownout_tests::case::{Case, assert_not};
use brownout_tests::simulate;
use evidence::Outcome;
use reports::Verdict;
use units::Moment;

const RETRY: &str =
    r#"retry = { attempts = 2, on = ["503", "timeout", "connect-failure"], methods = ["GET"] }"#;
const BREAKER: &str = r#"breaker = { trip = { consecutive = 5 }, open_for = "1s" }"#;
const ON_A: &str = "on = [\"a\"]\nstatus = { code = 503 }";

/// A breaker in the outage, with the same words in policy and expectation.
fn same_words(trip: &str, more: &str) -> Case {
    let demand = format!("breaker = {{ trips_after = {trip}, open_for = \"1s\"{more} }}");
    Case::expecting(&format!("in = \"outage\"\n{demand}"))
        .policy(&format!("breaker = {{ trip = {trip}, open_for = \"1s\"{more} }}"))
}

/// t3 and m4.
#[test]
fn a_breaker_by_share_is_not_failed_at_any_share_of_faults() {
    for (seed, share) in (1..=24).zip([0.5, 0.6, 0.7, 0.9].into_iter().cycle()) {
        same_words("{ share = 0.5, within = \"2s\", min = 20 }", "")
            .fault(&format!("on = [\"a\", \"b\"]\nstatus = {{ code = 503, share = {share} }}"))
            .seed(seed)
            .never_fails();
    }
}

/// The edge of a phase: what was sent before it and met the fault after it belongs to no fault-free verdict.
#[test]
fn requests_under_way_at_the_edge_of_an_outage_fail_no_phase_without_faults() {
    let poisson = "[traffic.reads]\nrequest = \"GET /items/{n}\"\nrate = \"400/s\"\narrivals = \"poisson\"\n";
    for demand in ["attempts = { max = 1 }", "availability = { min = 0.99 }", "latency = { max = \"100ms\" }"]
    {
        for seed in 1..=12 {
            Case::expecting(&format!("in = \"steady\"\n{demand}"))
                .policy(RETRY)
                .traffic(poisson)
                .fault(if demand.starts_with("latency") { "hang = {}" } else { ON_A })
                .lasting(["2s", "1s", "1s"])
                .seed(seed)
                .passes();
        }
    }
}

/// envoy1 and haproxy1: ejection gives all traffic back, and needs as many fresh failures.
#[test]
fn all_traffic_at_once_is_a_way_back() {
    same_words("{ consecutive = 5 }", ", way_back = \"all\"").passes();
}

/// m9: Traefik's ramp.
#[test]
fn traffic_that_comes_back_on_a_ramp_is_not_failed() {
    let demand =
        "breaker = { trips_after = { consecutive = 5 }, open_for = \"1s\", recovers_within = \"4s\" }";
    Case::expecting(&format!("in = \"outage\"\n{demand}"))
        .policy("breaker = { trip = { consecutive = 5 }, open_for = \"1s\", way_back = { ramp = \"1s\" } }")
        .never_fails();
}

/// nginx2, W6, m4-* and m4x: each instance counts, and probes, for itself.
#[test]
fn instances_that_count_for_themselves_are_not_failed() {
    for workers in [2, 4] {
        for seed in [1, 2, 3] {
            same_words("{ consecutive = 5 }", &format!(", workers = {workers}")).seed(seed).never_fails();
        }
    }
}

/// W5.
#[test]
fn one_breaker_for_the_pool_is_not_failed() {
    same_words("{ consecutive = 5 }", ", scope = \"pool\"").passes();
    same_words("{ consecutive = 5 }", ", scope = \"pool\"").fault(ON_A).never_fails();
}

/// b4: 429 counts where it is declared, and `Retry-After` sets the open time.
#[test]
fn a_breaker_that_opens_on_429_for_as_long_as_the_backend_asks_passes() {
    let demand = "breaker = { trips_after = { consecutive = 5 }, open_for = \"2s\" }";
    let case = Case::expecting(&format!("in = \"outage\"\n{demand}"));
    case.clone()
        .policy("breaker = { trip = { consecutive = 5 }, open_for = \"1s\", retry_after = true }")
        .fault("on = [\"a\"]\nstatus = { code = 429, headers = { retry-after = \"2\" } }")
        .passes();
    case.policy("breaker = { trip = { consecutive = 5 }, open_for = \"2s\", fails = [\"5xx\", \"429\"] }")
        .fault("on = [\"a\"]\nstatus = { code = 429 }")
        .passes();
}

/// h1, and fuzz 250 and 854: the last attempt was refused, and left no trace.
#[test]
fn the_status_of_a_request_whose_last_attempt_was_refused_is_not_held_against_the_fault_before() {
    for demand in
        ["timeout = { per_try = \"300ms\", status = [504] }", "status = { of = [504], on = \"hang\" }"]
    {
        Case::expecting(&format!("in = \"outage\"\n{demand}"))
            .policy("timeout = { per_try = \"300ms\" }")
            .policy(RETRY)
            .fault("on = [\"a\"]\nhang = {}")
            .fault("on = [\"b\"]\nrefuse = {}")
            .never_fails();
    }
}

/// h2, o1 and o2 (1.1 D): a hit is a plan, and only what was given is an effect.
#[test]
fn of_two_faults_on_one_attempt_the_one_that_was_given_decides() {
    Case::expecting("in = \"outage\"\nstatus = { of = [502], on = \"reset\" }")
        .fault("on = [\"a\"]\nreset = { share = 0.3 }")
        .fault("on = [\"a\"]\nstatus = { code = 503, share = 0.3 }")
        .passes();
    Case::expecting("in = \"outage\"\nstatus = { of = [502], on = \"reset\" }")
        .fault("reset = {}")
        .fault("status = { code = 503 }")
        .never_fails();
}

/// h11.
#[test]
fn a_further_attempt_has_nowhere_else_to_go_while_the_other_backend_is_out() {
    Case::expecting("in = \"outage\"\nattempts = { other_backend = true }")
        .policy(RETRY)
        .policy(BREAKER)
        .fault(ON_A)
        .fault("on = [\"b\"]\nstatus = { code = 503, share = 0.2 }")
        .never_fails();
}

/// h4.
#[test]
fn a_total_timer_that_leaves_no_time_for_a_second_attempt_is_no_missing_attempt() {
    Case::expecting("in = \"outage\"\nattempts = { min = 2 }")
        .policy("timeout = { per_try = \"400ms\", total = \"450ms\" }")
        .policy("retry = { attempts = 2, on = [\"timeout\"], methods = [\"GET\"], backoff = { base = \"100ms\" } }")
        .fault("hang = {}")
        .never_fails();
}

/// h7.
#[test]
fn a_balance_that_a_breaker_must_upset_is_refused_by_check() {
    let upset = Case::expecting("in = \"outage\"\nbalance = {}").policy(RETRY).policy(BREAKER).fault(ON_A);
    let refused = upset.checked().unwrap_err();
    assert!(
        refused.contains("can't pass") && refused.contains("the declared breaker leaves `a` out"),
        "{refused}"
    );
    Case::expecting("in = \"steady\"\nbalance = {}").policy(RETRY).policy(BREAKER).fault(ON_A).passes();
}

/// o3.
#[test]
fn slow_answers_beside_failures_ended_on_no_fault() {
    Case::expecting("in = \"outage\"\nstatus = { of = [503] }")
        .fault("latency = { fixed = \"20ms\" }")
        .fault("status = { code = 503, share = 0.5 }")
        .passes();
}

/// 10: a replay in a stall of brownout's own machine, and an outage over whose start it stood still.
#[test]
fn what_a_stall_of_the_machine_touches_is_not_the_gateways() {
    let case = Case::expecting("in = \"steady\"\navailability = { min = 1.0 }").policy(RETRY);
    let report = case.doctored(|run| {
        let from = Moment(1_000_000_000);
        run.hiccups(|rows| rows.push(evidence::Hiccup { at: from, length: 250_000_000 })).exchanges(|rows| {
            for row in rows.iter_mut().filter(|row| row.due >= from && row.due.0 < from.0 + 100_000_000) {
                (row.outcome, row.status) = (Outcome::EofNoStatus, 0);
            }
        })
    });
    assert_ne!(report.verdict, reports::Verdict::Fail, "{}", brownout_tests::complaints(&report));
    let aside: u64 = report.findings[0].set_aside.iter().map(|aside| aside.count).sum();
    assert!(aside >= 20, "{:#?}", report.findings[0]);
}

/// A breaker whose open time the backend's `Retry-After` sets, in the words of the policy.
#[test]
fn a_declared_breaker_is_open_for_as_long_as_the_backend_asks() {
    let case = Case::expecting("policy = { about = [\"breaker.trip\", \"breaker.open_for\"] }")
        .policy("breaker = { trip = { consecutive = 5 }, open_for = \"1s\", retry_after = true }")
        .fault("on = [\"a\"]\nstatus = { code = 429, headers = { retry-after = \"2\" } }");
    case.passes();
    // A gateway that does not listen is told.
    let words = "trips_after = { consecutive = 5 }, open_for = \"1s\", retry_after = true, fails = [\"429\"]";
    Case::expecting(&format!("in = \"outage\"\nbreaker = {{ {words} }}"))
        .policy("breaker = { trip = { consecutive = 5 }, open_for = \"1s\", fails = [\"429\"] }")
        .fault("on = [\"a\"]\nstatus = { code = 429, headers = { retry-after = \"2\" } }")
        .fails();
    // Where nothing asks, the declared time holds.
    case.fault("on = [\"a\"]\nstatus = { code = 503 }").never_fails();
}

/// Refused connections leave no trace, and open breakers all the same.
#[test]
fn a_breaker_that_refused_connections_opened_is_not_held_against_the_phase_after_them() {
    let case = same_words("{ consecutive = 5 }", "");
    let refused = "[[phase.inject]]\nrefuse = {}\n[[phase]]\nname = \"outage\"";
    let text = case.text().replace("[[phase]]\nname = \"outage\"", refused);
    for demand in ["", "[[expect]]\nin = \"outage\"\npolicy = { about = [\"breaker\"] }\n"] {
        let out = tempfile::tempdir().unwrap();
        let report = simulate(&format!("{text}{demand}"), &[], 3, out.path());
        assert_not(&report, Verdict::Fail);
        let first = &report.findings[0];
        assert!(first.verdict == Verdict::Pass || first.because.contains("left no trace"), "{first:#?}");
    }
}

/// A backend whose outage is just over is still left alone when another one's begins.
#[test]
fn a_backend_that_is_not_back_from_its_own_outage_is_no_innocent_bystander() {
    let fault = |on: &str| format!("[[phase.inject]]\non = [\"{on}\"]\nstatus = {{ code = 503 }}\n");
    for way_back in ["probe", "all", "{ ramp = \"2s\" }"] {
        let quoted = if way_back.starts_with('{') { way_back.into() } else { format!("\"{way_back}\"") };
        let case = same_words("{ consecutive = 5 }", &format!(", way_back = {quoted}"));
        let (steady, rest) = case
            .fault(ON_A)
            .text()
            .split_once("[[phase]]\nname = \"outage\"")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let text = format!("{steady}{}[[phase]]\nname = \"outage\"{rest}", fault("b"));
        let out = tempfile::tempdir().unwrap();
        assert_not(&simulate(&text, &[], 3, out.path()), Verdict::Fail);
    }
}

/// A reload that gives the gateway other backends: what it has not got is not left alone by a breaker.
#[test]
fn a_backend_that_the_gateway_was_not_given_has_no_breaker() {
    let case = Case::expecting("policy = { about = [\"breaker\"] }")
        .policy(BREAKER)
        .fault("on = [\"b\"]\nlatency = { fixed = \"5ms\" }");
    let act = |of: &str| format!("[[phase.act]]\nat = \"500ms\"\nreload = {{ backends = [{of}] }}\n");
    let text = case.text().replace(
        "name = \"steady\"\nfor = \"3s\"\n",
        &format!("name = \"steady\"\nfor = \"3s\"\n{}", act("\"a\"")),
    );
    let text = text.replace(
        "name = \"after\"\nfor = \"5s\"\n",
        &format!(
            "name = \"after\"\nfor = \"5s\"\n{}[[phase.inject]]\nstatus = {{ code = 500 }}\n",
            act("\"b\", \"a\"")
        ),
    );
    let out = tempfile::tempdir().unwrap();
    assert_not(&simulate(&text, &[], 3, out.path()), Verdict::Fail);
}

/// A status has counted when its head is there, whatever becomes of the body.
#[test]
fn a_failing_status_whose_body_breaks_off_is_a_failure_of_that_status() {
    let broken = "reset = { at = \"body\", after = \"64B\" }";
    for (fails, on) in [("\"5xx\", \"timeout\"", "[\"reset\"]"), ("\"timeout\", \"reset\"", "[\"503\"]")] {
        let declared = format!("trip = {{ consecutive = 5 }}, open_for = \"1s\", fails = [{fails}]");
        Case::expecting("policy = { about = [\"breaker\"] }")
            .policy(&format!("breaker = {{ {declared} }}"))
            .policy(&format!("retry = {{ attempts = 2, on = {on}, methods = [\"GET\"] }}"))
            .fault("status = { code = 503 }")
            .fault(broken)
            .never_fails();
    }
}

/// Refused connections leave no trace, and keep a pool's breaker, or the other backend's, from taking a further attempt.
#[test]
fn a_failure_is_not_tried_again_where_refused_connections_may_have_opened_a_breaker() {
    let demand = "policy = { about = [\"retry.on.reset\", \"retry.on.connect-failure\"] }";
    let retry = "retry = { attempts = 2, on = [\"reset\", \"connect-failure\"], methods = [\"GET\"] }";
    for scope in ["pool", "backend"] {
        for seed in 1..=6 {
            Case::expecting(&format!("in = \"outage\"\n{demand}"))
                .policy(&format!(
                    "breaker = {{ trip = {{ consecutive = 2 }}, open_for = \"1s\", scope = \"{scope}\" }}"
                ))
                .policy(retry)
                .fault("on = [\"b\"]\nclose = { share = 0.9 }")
                .fault("on = [\"a\"]\nfrom = \"50ms\"\nfor = \"2200ms\"\nrefuse = {}")
                .fault("on = [\"a\"]\nlatency = { fixed = \"60ms\", share = 0.6 }")
                .seed(seed)
                .never_fails();
        }
    }
}

/// On a machine that stalls, a stall touches nearly every request that takes long: they must not be the ones that don't count.
#[test]
fn a_slow_backend_is_not_out_of_balance_because_stalls_touch_its_requests() {
    let hiccups = |run: brownout_tests::doctor::Doctored| {
        run.hiccups(|rows| {
            rows.extend(
                (0..500).map(|nth| evidence::Hiccup { at: Moment(nth * 60_000_000), length: 25_000_000 }),
            );
        })
    };
    let case = Case::expecting("in = \"outage\"\nbalance = {}")
        .fault("on = [\"a\"]\nlatency = { fixed = \"200ms\" }");
    assert_not(&case.doctored(hiccups), Verdict::Fail);
}

/// Shifts what the gateway passed on for one request, and with it how the request ended.
fn held_up(all: &mut evidence::Evidence, by: impl Fn(&evidence::Attempt) -> Option<i64>) {
    let mut held = std::collections::HashMap::new();
    let later = |at: Moment, by: i64| Moment(at.0 + by);
    for row in &mut all.attempts {
        let Some(by) = by(row) else { continue };
        held.insert(row.tag, by);
        (row.arrived, row.ended) = (later(row.arrived, by), later(row.ended, by));
        row.body_done = row.body_done.map(|at| later(at, by));
        row.replied = row.replied.map(|at| later(at, by));
    }
    for row in &mut all.exchanges {
        let Some(by) = held.get(&row.tag) else { continue };
        row.done = later(row.done, *by);
        row.first_byte = row.first_byte.map(|at| later(at, *by));
    }
}

/// While brownout's own threads stood still so did the gateway's, at moments that nobody saw.
#[test]
fn a_gateway_that_is_late_no_more_often_than_the_machine_stands_still_is_not_failed() {
    let retry = r#"retry = { attempts = 2, on = ["503"], methods = ["GET"], backoff = { base = "100ms" } }"#;
    let case = Case::expecting("in = \"outage\"\nbackoff = { fixed = \"100ms\" }").policy(retry);
    let late = |one_in: u64| {
        case.doctored(move |run| {
            run.evidence(|all| {
                held_up(all, |row| (row.number == 2 && row.tag.0 % one_in == 0).then_some(60_000_000));
                let stall = |nth: i64| evidence::Hiccup { at: Moment(nth * 100_000_000), length: 25_000_000 };
                all.hiccups = (0..160).map(stall).collect();
            })
        })
    };
    assert_not(&late(7), Verdict::Fail);
    brownout_tests::case::assert_verdict(&late(1), Verdict::Fail);
}

/// A gateway that stands still for a moment keeps everybody waiting, and nobody for a turn.
#[test]
fn whoever_waits_for_a_gateway_that_stands_still_does_not_wait_for_a_turn() {
    let limit = "limit = { in_flight = 50, queue = 0 }";
    let report = Case::expecting(&format!("in = \"steady\"\n{limit}")).policy(limit).doctored(|run| {
        run.evidence(|all| {
            let (from, to) = (2_000_000_000, 2_040_000_000);
            held_up(all, |row| (from..to).contains(&row.arrived.0).then(|| to - row.arrived.0));
        })
    });
    assert_not(&report, Verdict::Fail);
}
