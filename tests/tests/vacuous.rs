//! Expectations that can't fail, that can't pass, or that would see too few cases: `check` says so of each before anything
//! runs, and says nothing of sound ones.

use brownout_tests::case::Case;
use rstest::rstest;

const HANG: Option<&str> = Some("hang = {}");
const STATUS: Option<&str> = None;

/// All that the policy of these scenarios declares.
fn declared(expect: &str, fault: Option<&str>) -> Case {
    let case = Case::expecting(expect)
        .policy("timeout = { per_try = \"300ms\", total = \"2s\" }")
        .policy("retry = { attempts = 2, on = [\"503\", \"timeout\"], methods = [\"GET\"] }")
        .policy("breaker = { trip = { consecutive = 5 }, open_for = \"1s\" }");
    fault.into_iter().fold(case, Case::fault)
}

/// What is said of it, whether it is refused or warned of.
fn said(case: &Case) -> String {
    case.checked().unwrap_or_else(|refused| refused)
}

#[rstest]
#[case::no_share("availability = { min = 0.0 }", "steady", STATUS, "can't be missed")]
#[case::no_share_of_statuses("status = { of = [503], share_min = 0.0 }", "outage", STATUS, "can't be missed")]
#[case::any_spread("balance = { tolerance = 1.0 }", "steady", STATUS, "can't fail")]
#[case::any_number("attempts = { max = 65535 }", "outage", STATUS, "can't fail")]
#[case::at_least_one("attempts = { min = 1 }", "outage", STATUS, "can't fail")]
#[case::more_than_the_policy("attempts = { max = 5 }", "outage", STATUS, "can't fail")]
#[case::within_the_tolerance(
    "backoff = { fixed = \"20ms\", tolerance = \"20ms\" }",
    "outage",
    STATUS,
    "can't fail"
)]
#[case::any_wait("backoff = { fixed = \"20ms\", tolerance = \"10s\" }", "outage", STATUS, "can't fail")]
#[case::no_growth(
    "backoff = { exponential = { base = \"100ms\", factor = 2.0 } }",
    "outage",
    STATUS,
    "can't pass"
)]
#[case::beyond_the_deadline("latency = { max = \"10s\" }", "outage", HANG, "can't fail")]
#[case::never_fires("timeout = { total = \"2s\" }", "outage", HANG, "can't pass")]
#[case::any_slack(
    "breaker = { trips_after = { consecutive = 5 }, slack = 100000, open_for = \"1s\" }",
    "outage",
    STATUS,
    "says little"
)]
#[case::any_leak(
    "breaker = { trips_after = { consecutive = 5 }, leaked_max = 100000, open_for = \"1s\" }",
    "outage",
    STATUS,
    "says little"
)]
#[case::hardly_recovered("recovery = { within = \"2s\", share = 0.01 }", "after", STATUS, "says little")]
#[case::nothing_wanted("samples_min = 0\nattempts = { max = 2 }", "outage", STATUS, "changes nothing")]
#[case::nothing_held(
    "timeout = { per_try = \"2s\" }",
    "outage",
    Some("latency = { fixed = \"100ms\" }"),
    "inconclusive"
)]
#[case::never_injected(
    "attempts = { max = 2 }",
    "outage",
    Some("status = { code = 503, share = 0.0 }"),
    "inconclusive"
)]
#[case::no_failure("attempts = { max = 2 }", "outage", Some("status = { code = 200 }"), "inconclusive")]
#[case::fails_once_only(
    "attempts = { max = 2 }",
    "outage",
    Some("on = [\"a\"]\nstatus = { code = 503 }"),
    "inconclusive"
)]
#[case::ejected("balance = {}", "outage", Some("on = [\"a\"]\nstatus = { code = 503 }"), "can't pass")]
#[case::longer_than_the_phase("recovery = { within = \"1h\" }", "after", STATUS, "can't pass")]
#[case::as_long_as_the_phase("recovery = { within = \"5s\" }", "after", STATUS, "can't pass")]
#[case::nothing_ended("recovery = { within = \"1s\" }", "steady", STATUS, "can't pass")]
#[case::open_to_the_end(
    "breaker = { trips_after = { consecutive = 5 }, open_for = \"20s\" }",
    "outage",
    STATUS,
    "can't pass"
)]
fn a_vacuous_expectation_is_refused_or_warned_of(
    #[case] kind: &str,
    #[case] phase: &str,
    #[case] fault: Option<&str>,
    #[case] words: &str,
) {
    let said = said(&declared(&format!("in = \"{phase}\"\n{kind}"), fault));
    assert!(said.contains(words), "{said}");
}

#[test]
fn every_status_is_no_demand() {
    let all: Vec<String> = (100..600).map(|code| code.to_string()).collect();
    let case = declared(&format!("in = \"outage\"\nstatus = {{ of = [{}] }}", all.join(", ")), STATUS);
    assert!(case.checked().unwrap_err().contains("`of` has every status"));
}

#[test]
fn a_backoff_of_a_policy_that_never_retries_can_not_pass() {
    let case = Case::expecting("in = \"outage\"\nbackoff = { fixed = \"20ms\" }");
    let refused = case.policy("timeout = { total = \"2s\" }").checked().unwrap_err();
    assert!(refused.contains("the policy never tries a request again"), "{refused}");
}

#[test]
fn a_fault_on_a_spare_and_too_few_requests_are_warned_of() {
    let spare =
        declared("in = \"outage\"\nattempts = { max = 2 }", Some("on = [\"c\"]\nstatus = { code = 503 }"));
    let spare = spare.backends("[backend.a]\n[backend.b]\n[backend.c]\npriority = 1\n");
    assert!(said(&spare).contains("will probably be inconclusive"), "{}", said(&spare));
    for kind in ["latency = { p99 = \"50ms\" }", "availability = { min = 0.999 }"] {
        let few = declared(&format!("in = \"steady\"\n{kind}"), STATUS).rate("20/s");
        assert!(said(&few).contains("will probably be inconclusive"), "{}", said(&few));
    }
}

#[rstest]
#[case("in = \"steady\"\navailability = { min = 0.99 }", STATUS)]
#[case("in = \"steady\"\nattempts = { max = 1 }", STATUS)]
#[case("in = \"outage\"\nbreaker = { trips_after = { consecutive = 5 }, open_for = \"1s\" }", STATUS)]
#[case("in = \"after\"\nrecovery = { within = \"2s\" }", STATUS)]
#[case("in = \"outage\"\nshed = { of = [503] }", STATUS)]
fn a_sound_expectation_is_left_alone(#[case] expect: &str, #[case] fault: Option<&str>) {
    assert_eq!(declared(expect, fault).checked().as_deref(), Ok(""));
}

#[rstest]
#[case::no_time("450ms", true)]
#[case::time_enough("2s", false)]
fn a_bound_of_attempts_shows_only_where_the_total_timer_leaves_time_for_one_more(
    #[case] total: &str,
    #[case] warned: bool,
) {
    let case = Case::expecting("in = \"outage\"\nattempts = { max = 2 }")
        .policy(&format!("timeout = {{ per_try = \"300ms\", total = \"{total}\" }}"))
        .policy("retry = { attempts = 2, on = [\"timeout\"], methods = [\"GET\"] }")
        .fault("on = [\"a\", \"b\"]\nhang = {}");
    assert_eq!(said(&case).contains("probably be inconclusive"), warned, "{}", said(&case));
}

#[rstest]
#[case::that_come_at_random("arrivals = \"poisson\"\n", true)]
#[case::that_come_evenly("", false)]
fn one_opening_may_not_tell_one_failure_more_or_less_apart_among_many_requests(
    #[case] arrivals: &str,
    #[case] warned: bool,
) {
    let demand = "breaker = { trips_after = { consecutive = 5 }, open_for = \"1s\" }";
    let case = Case::expecting(&format!("in = \"outage\"\n{demand}"))
        .policy("breaker = { trip = { consecutive = 5 }, open_for = \"1s\" }")
        .traffic(&format!("[traffic.reads]\nrequest = \"GET /items/{{n}}\"\nrate = \"400/s\"\n{arrivals}"))
        .fault("on = [\"a\"]\nstatus = { code = 503 }");
    let words = "about 1 openings that tell one failure more or less apart, and needs 2";
    assert_eq!(said(&case).contains(words), warned, "{}", said(&case));
}
