//! Users who think between an answer and the next request.

use std::path::Path;

use crate::common::{SOUND, said_of};
use brownout_scenario::{Overrides, describe, load_text};
use insta::assert_snapshot;

/// The sound scenario, whose reads come of users with these further lines.
fn users(lines: &str) -> String {
    SOUND.replace("rate = \"200/s\"", &format!("users = 20\n{lines}"))
}

#[test]
fn think_times_are_fixed_or_drawn_and_a_plan_says_so() {
    let sent = |think: &str| {
        let text = users(&format!("think = {think}"));
        let plan = load_text("orders.toml", &text, Path::new("."), &Overrides::default()).unwrap().plan;
        describe(&plan).phases[0].traffic[0].clone()
    };
    assert_snapshot!(sent("{ fixed = \"1s\" }"), @r#"reads: GET /orders/{n}, 20 users who think { fixed = "1s" } (closed loop), as many requests as they get answers"#);
    assert_snapshot!(sent("{ uniform = { from = \"100ms\", to = \"2s\" } }"), @r#"reads: GET /orders/{n}, 20 users who think { uniform = { from = "100ms", to = "2s" } } (closed loop), as many requests as they get answers"#);
    assert_snapshot!(sent("{ exponential = { mean = \"500ms\" } }"), @r#"reads: GET /orders/{n}, 20 users who think { exponential = { mean = "500ms" } } (closed loop), as many requests as they get answers"#);
}

#[test]
fn a_think_time_that_makes_no_sense_is_refused() {
    assert_snapshot!(said_of(&users("think = { fixed = \"0s\" }")), @r#"
    error: a think time of up to 0 ms, allowed is more than 0 s, up to 1 h
      --> orders.toml:15:9
       |
    15 | think = { fixed = "0s" }
       |         ^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(said_of(&users("think = { uniform = { from = \"2s\", to = \"1s\" } }")), @r#"
    error: a think time from 2 s to 1 s has no length
      --> orders.toml:15:9
       |
    15 | think = { uniform = { from = "2s", to = "1s" } }
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: give the shorter one first
    "#);
    assert_snapshot!(said_of(&users("think = { exponential = { mean = \"2h\" } }")), @r#"
    error: a think time of up to 1200 min, allowed is more than 0 s, up to 1 h
      --> orders.toml:15:9
       |
    15 | think = { exponential = { mean = "2h" } }
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(said_of(&users("think = { poisson = \"2s\" }")), @r#"
    error: unknown value `poisson`
      --> orders.toml:15:11
       |
    15 | think = { poisson = "2s" }
       |           ^^^^^^^ expected one of `fixed`, `uniform` or `exponential`
    "#);
    assert_snapshot!(said_of(&users("think = { fixed = \"1s\", exponential = { mean = \"1s\" } }")), @r#"
    error: expected exactly one key in this table
      --> orders.toml:15:9
       |
    15 | think = { fixed = "1s", exponential = { mean = "1s" } }
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert_snapshot!(said_of(&users("think = \"1s\"")), @r#"
    error: unknown value `1s`
      --> orders.toml:15:9
       |
    15 | think = "1s"
       |         ^^^^ expected one of `fixed`, `uniform` or `exponential`
    "#);
}

#[test]
fn traffic_with_a_rate_does_not_think() {
    assert_snapshot!(said_of(&SOUND.replace("rate = \"200/s\"", "rate = \"200/s\"\nthink = { fixed = \"1s\" }")), @r#"
    error: `think` is for closed-loop traffic, and this class has no `users`
      --> orders.toml:15:9
       |
    15 | think = { fixed = "1s" }
       |         ^^^^^^^^^^^^^^^^
    "#);
}
