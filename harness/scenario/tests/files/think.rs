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
    assert_snapshot!(sent("{ fixed = \"1s\" }"), @"");
    assert_snapshot!(sent("{ uniform = { from = \"100ms\", to = \"2s\" } }"), @"");
    assert_snapshot!(sent("{ exponential = { mean = \"500ms\" } }"), @"");
}

#[test]
fn a_think_time_that_makes_no_sense_is_refused() {
    assert_snapshot!(said_of(&users("think = { fixed = \"0s\" }")), @"");
    assert_snapshot!(said_of(&users("think = { uniform = { from = \"2s\", to = \"1s\" } }")), @"");
    assert_snapshot!(said_of(&users("think = { exponential = { mean = \"2h\" } }")), @"");
    assert_snapshot!(said_of(&users("think = { poisson = \"2s\" }")), @"");
    assert_snapshot!(said_of(&users("think = { fixed = \"1s\", exponential = { mean = \"1s\" } }")), @"");
    assert_snapshot!(said_of(&users("think = \"1s\"")), @"");
}

#[test]
fn traffic_with_a_rate_does_not_think() {
    assert_snapshot!(said_of(&SOUND.replace("rate = \"200/s\"", "rate = \"200/s\"\nthink = { fixed = \"1s\" }")), @"");
}
