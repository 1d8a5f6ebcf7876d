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
            format!("{}\n{}\n{reads}", loaded.render_warnings(false), sent.join("\n"))
        }
    }
}

#[test]
fn requests_are_due_when_the_file_says_and_what_is_after_the_last_phase_is_told() {
    let offsets: Vec<String> = (0..40).map(|k| format!("{}\n", f64::from(k) * 0.25)).collect();
    let offsets = offsets.concat();
    assert_snapshot!(beside(&offsets, &traced("")), @r#"
    warning: `attempts` in phase `brownout` will probably be inconclusive: it will see about 5 requests whose first attempt fails, and needs 10
      --> orders.toml:33:6
       |
    33 | in = "brownout"
       |      ^^^^^^^^^^
       |
       = help: send 2.0 times as many requests, or make the phase so much longer
    reads: GET /orders/{n}, as offsets.csv has it, 20 requests
    reads: GET /orders/{n}, as offsets.csv has it, 20 requests
    40 of offsets.csv, the last at 9.750 s; the run goes on to 15.000 s
    "#);
    assert_snapshot!(beside(&format!("offset_s\n{offsets}14.5\n15\n200\n"), &traced("")), @r#"
    warning: 2 of the 43 requests of the trace are due after the last phase, which ends at 15 s: they are not sent
      --> orders.toml:14:22
       |
    14 | arrivals = { trace = "offsets.csv" }
       |                      ^^^^^^^^^^^^^
       |
       = help: make a phase longer, or the trace shorter

    warning: `attempts` in phase `brownout` will probably be inconclusive: it will see about 5 requests whose first attempt fails, and needs 10
      --> orders.toml:33:6
       |
    33 | in = "brownout"
       |      ^^^^^^^^^^
       |
       = help: send 1.9 times as many requests, or make the phase so much longer
    reads: GET /orders/{n}, as offsets.csv has it, 20 requests
    reads: GET /orders/{n}, as offsets.csv has it, 21 requests
    41 of offsets.csv, the last at 14.500 s; 2 later ones are after the last phase, and not sent
    "#);
}

#[test]
fn a_line_that_is_wrong_is_told_with_its_place() {
    assert_snapshot!(beside("0.5\n1,5\n", &traced("")), @r#"
    error: offsets.csv:2:1: `1,5` is not an offset
      --> orders.toml:14:22
       |
    14 | arrivals = { trace = "offsets.csv" }
       |                      ^^^^^^^^^^^^^
       |
       = help: a trace has one offset from the start of the run in each line, in seconds: `12.5`
    "#);
}

#[test]
fn a_file_that_is_not_there_or_lies_elsewhere_is_told() {
    let directory = tempfile::tempdir().unwrap();
    assert_snapshot!(said_in(directory.path(), &traced("")), @r#"
    error: offsets.csv: the trace can't be read: no such file or directory
      --> orders.toml:14:22
       |
    14 | arrivals = { trace = "offsets.csv" }
       |                      ^^^^^^^^^^^^^
       |
       = help: its path counts from the scenario's directory
    "#);
    assert_snapshot!(said_in(directory.path(), &traced("").replace("offsets.csv", "../offsets.csv")), @r#"
    error: ../offsets.csv: the trace lies outside of the scenario's directory
      --> orders.toml:14:22
       |
    14 | arrivals = { trace = "../offsets.csv" }
       |                      ^^^^^^^^^^^^^^^^
       |
       = help: copy it beside the scenario, and name it without `/` and `..` at its start
    "#);
    assert_snapshot!(said_in(directory.path(), &traced("").replace("offsets.csv", ".")), @r#"
    error: .: the trace is not a file
      --> orders.toml:14:22
       |
    14 | arrivals = { trace = "." }
       |                      ^^^
       |
       = help: a trace has one offset from the start of the run in each line, in seconds: `12.5`
    "#);
}

#[test]
fn a_rate_beside_a_trace_is_refused_and_a_phase_can_not_change_it() {
    assert_snapshot!(beside("0\n", &traced("\nrate = \"5/s\"")), @r#"
    error: traffic `reads` has both `rate` and a trace
      --> orders.toml:15:8
       |
    15 | rate = "5/s"
       |        ^^^^^
       |
       = help: a trace says when each request is due: remove one of both
    "#);
    let text = traced("").replacen("for = \"5s\"", "for = \"5s\"\ntraffic.reads = { rate = \"1/s\" }", 1);
    assert_snapshot!(beside("0\n", &text), @r#"
    error: traffic `reads` has a trace, which no phase can change
      --> orders.toml:24:17
       |
    24 | traffic.reads = { rate = "1/s" }
       |                 ^^^^^^^^^^^^^^^^
       |
       = help: write it in the trace, or use another class
    "#);
}

#[test]
fn a_second_of_a_trace_that_is_too_busy_is_held_against_the_limit() {
    let text = traced("") + "\n[limits]\nrate = \"100/s\"\n";
    assert_snapshot!(beside(&"1.0\n".repeat(51), &text), @r#"
    error: 101 requests a second in phase `steady`, over `limits.rate` = 100/s
      --> orders.toml:14:12
       |
    14 | arrivals = { trace = "offsets.csv" }
       |            ^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: lower the rate, or raise `limits.rate`
    "#);
}
