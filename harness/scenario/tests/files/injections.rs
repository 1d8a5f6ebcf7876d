//! Injections whose settings move, whose hits belong together, and that tell health checks from the traffic.

use std::path::Path;

use crate::common::{said_of, with};
use brownout_scenario::{Overrides, Plan, load_text};
use insta::assert_snapshot;

/// The sound scenario's only injection.
const OWN: &str = "on = [\"orders-a\"]\nstatus = { code = 503, share = 0.5 }";

fn plan(injection: &str) -> Plan {
    let loaded = load_text("orders.toml", &with(OWN, injection), Path::new("."), &Overrides::default());
    loaded.unwrap_or_else(|failure| panic!("{}", failure.render(false))).plan
}

#[test]
fn a_ramp_takes_as_long_as_its_fault_unless_it_says_less_and_is_told_in_the_words_of_the_file() {
    let settings = |ramp: &str| {
        let plan = plan(&format!("latency = {{ fixed = \"500ms\" }}\nramp = {ramp}"));
        plan.brief.injections[0].settings.clone()
    };
    assert_snapshot!(
        settings("{ from = { fixed = \"0ms\" } }"),
        @r#"{ fixed = "500ms", share = 1.0 } ramp { from = { fixed = "0ms" }, over = "10s" }"#
    );
    assert_snapshot!(
        settings("{ from = { fixed = \"1s\", share = 0.5 }, over = \"2s\" }"),
        @r#"{ fixed = "500ms", share = 1.0 } ramp { from = { fixed = "1s", share = 0.5 }, over = "2s" }"#
    );
}

#[test]
fn a_share_that_moves_is_foreseen_by_its_mean() {
    let share = |ramp: &str| {
        let plan = plan(&format!("status = {{ code = 503, share = 0.8 }}\nramp = {ramp}"));
        let share = plan.brief.injections[0].outline.unwrap().share.get();
        (share * 10_000.0).round() as u64
    };
    // Parts of 10 000, in steps of a hundredth, from the first of which on it is at its start.
    assert_eq!(share("{ from = { share = 0.2 } }"), 4970);
    assert_eq!(share("{ from = { share = 0.2 }, over = \"5s\" }"), 6485);
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_do() {
    for (injection, expected) in [
        ("hang = {}\nramp = {}", "missing key `from`"),
        ("hang = {}\nramp = { from = {} }", "`from` is empty"),
        ("hang = {}\nramp = { from = { rate = 1 } }", "`rate` has no number to go to"),
        (
            "hang = {}\nramp = { from = { share = 0 }, over = \"11s\" }",
            "a ramp over 11 s, of a fault that is in force for 10 s",
        ),
        ("hang = {}\nramp = { from = { share = 0 }, over = \"0s\" }", "a ramp over 0 ms"),
        ("hang = {}\ncorrelate = \"requests\"", "give the fault a `share` below 1"),
        ("hang = {}\ncorrelate = { moments = \"1s\" }", "give the fault a `share` below 1"),
        (
            "hang = { share = 0.5 }\ncorrelate = { moments = \"11s\" }",
            "11 s at a time, of the 10 s for which it is in force",
        ),
        ("hang = { share = 0.5 }\ncorrelate = { moments = \"1ms\" }", "allowed is 10 ms or more"),
        ("hang = {}\ncorrelate = { turns = \"6s\" }", "2 turns of 6 s take longer than the 10 s"),
        (
            "hang = {}\non = [\"orders-a\"]\ncorrelate = { turns = \"1s\" }",
            "one backend alone takes no turns",
        ),
        ("hang = {}\ncorrelate = \"request\"", "unknown value `request`"),
        ("cut = { at = \"accept\", share = 0.5 }\ncorrelate = \"requests\"", "before there is a request"),
        (
            "hang = { share = 0.5 }\nwhen = { probe = true }\ncorrelate = \"requests\"",
            "nobody tries a health check again",
        ),
        (
            "hang = {}\nwhen = { probe = true, traffic = \"reads\" }",
            "health checks belong to no traffic class",
        ),
    ] {
        let said = said_of(&with(OWN, injection));
        assert!(said.contains("error: ") && said.contains(expected), "{injection}: {said}");
    }
}

#[test]
fn the_place_of_a_ramp_that_leads_nowhere_is_shown() {
    let text = with(OWN, "latency = { fixed = \"500ms\" }\nramp = { from = { fixed = \"1KiB\" } }");
    assert_snapshot!(said_of(&text), @r#"
    error: fault `latency`: `ramp`: `fixed`: `1KiB` is not a length of time: expected a number with a unit, such as `250ms`, `2s` or `1m 30s`
      --> orders.toml:30:8
       |
    30 | ramp = { from = { fixed = "1KiB" } }
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn what_belongs_together_draws_a_share_at_some_time_at_least() {
    plan("hang = { share = 0.5 }\ncorrelate = \"requests\"");
    plan("hang = {}\nramp = { from = { share = 0 } }\ncorrelate = { moments = \"100ms\" }");
    assert_snapshot!(plan("hang = {}\ncorrelate = { turns = \"1s\" }").brief.injections[0].settings, @r#"{ share = 1.0 } correlate { turns = "1s" }"#);
}

#[test]
fn a_fault_of_health_checks_hits_no_traffic_and_is_proven_by_them() {
    let brief = |probe: &str| {
        let plan = plan(&format!("hang = {{}}\nwhen = {{ probe = {probe} }}"));
        plan.brief.injections[0].clone()
    };
    let (checks, all_but_these) = (brief("true"), brief("false"));
    assert_eq!((checks.classes, checks.on_probes), (Some(Vec::new()), true));
    assert_eq!((all_but_these.classes, all_but_these.on_probes), (None, false));
}
