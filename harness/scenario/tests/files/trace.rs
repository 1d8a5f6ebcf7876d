//! Arrivals as a file has them.

use std::fs;
use std::path::Path;

use crate::common::SOUND;
use brownout_scenario::{Overrides, describe, load_text};
use insta::assert_snapshot;

/// The sound scenario, whose reads arrive as `offsets.csv` has them.
fn traced(rest: &str) -> String {
    SOUND.replace("rate = \"200/s\"", &format!("arrivals = {{ trace = \"offsets.csv\" }}{rest}"))
}

/// What is said of a text beside a file of this content; the plan, if there is one.
fn beside(file: &str, text: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("offsets.csv"), file).unwrap();
    said_in(directory.path(), text)
}

fn said_in(base: &Path, text: &str) -> String {
    match load_text("orders.toml", text, base, &Overrides::default()) {
        Err(failure) => failure.render(false),
        Ok(loaded) => {
            let description = describe(&loaded.plan);
            let sent = description.phases.iter().flat_map(|phase| &phase.traffic);
            let sent: Vec<&str> = sent.filter(|line| line.starts_with("reads")).map(String::as_str).collect();
            let reads = &description.requests[0].1;
            format!("{}{}\n{reads}", loaded.render_warnings(false), sent.join("\n"))
        }
    }
}

#[test]
fn requests_are_due_when_the_file_says_and_what_is_after_the_last_phase_is_told() {
    let offsets: String = (0..40).map(|k| format!("{}\n", f64::from(k) * 0.25)).collect();
    assert_snapshot!(beside(&offsets, &traced("")), @"");
    assert_snapshot!(beside(&format!("offset_s\n{offsets}14.5\n15\n200\n"), &traced("")), @"");
}

#[test]
fn a_line_that_is_wrong_is_told_with_its_place() {
    assert_snapshot!(beside("0.5\n1,5\n", &traced("")), @"");
}

#[test]
fn a_file_that_is_not_there_or_lies_elsewhere_is_told() {
    let directory = tempfile::tempdir().unwrap();
    assert_snapshot!(said_in(directory.path(), &traced("")), @"");
    assert_snapshot!(said_in(directory.path(), &traced("").replace("offsets.csv", "../offsets.csv")), @"");
    assert_snapshot!(said_in(directory.path(), &traced("").replace("offsets.csv", ".")), @"");
}

#[test]
fn a_rate_beside_a_trace_is_refused_and_a_phase_can_not_change_it() {
    assert_snapshot!(beside("0\n", &traced("\nrate = \"5/s\"")), @"");
    let text = traced("").replacen("for = \"5s\"", "for = \"5s\"\ntraffic.reads = { rate = \"1/s\" }", 1);
    assert_snapshot!(beside("0\n", &text), @"");
}

#[test]
fn a_second_of_a_trace_that_is_too_busy_is_held_against_the_limit() {
    let text = traced("") + "\n[limits]\nrate = \"100/s\"\n";
    assert_snapshot!(beside(&"1.0\n".repeat(51), &text), @"");
}
