//! Words, lists and pages: what needs no run.

use std::fmt::Write;
use std::io::Read;

use crate::common::{Place, Said, snapshot};

#[test]
fn help_and_version_are_no_mistakes() {
    let place = Place::new();
    snapshot("help", &place.say(&["--help"]).ended(0).out);
    snapshot("help-of-run", &place.say(&["run", "--help"]).ended(0).out);
    assert!(place.say(&["--version"]).ended(0).out.starts_with("brownout "));
    assert!(place.say(&["help", "explain"]).ended(0).out.contains("Examples:"));
}

#[test]
fn a_wrong_command_line_ends_with_3_and_says_what_was_expected() {
    let place = Place::new();
    let mut text = String::new();
    for arguments in [
        &[][..],
        &["rnu"],
        &["run"],
        &["run", "--frobnicate", "x"],
        &["run", "first-look", "--seed", "many"],
        &["run", "first-look", "--status", "nowhere"],
        &["list", "everything"],
        &["explain", "nothing"],
        &["explain", "fault/breaker"],
        &["export", "runs/x"],
        &["completions", "tcsh"],
        &["doctor", "--gateway", "squid"],
    ] {
        let said = place.say(arguments);
        assert_eq!(said.code, Some(3), "{arguments:?}");
        // The first command without words is help, whose wording has a test of its own.
        if !arguments.is_empty() {
            let _ = writeln!(text, "$ brownout {}\n{}", arguments.join(" "), said.transcript());
        }
    }
    snapshot("wrong-command-lines", &text);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let place = Place::new();
    for arguments in
        [&["schema"][..], &["list", "faults"], &["explain", "breaker"], &["plan", "first-look"], &["--help"]]
    {
        let mut child = place.command(arguments).spawn().unwrap();
        let mut first = [0; 1];
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut first).unwrap();
        drop(out);
        Said::of(&child.wait_with_output().unwrap()).ended(0);
    }
}

#[test]
fn what_is_listed_is_explained() {
    let place = Place::new();
    for (listing, room) in [
        ("faults", "fault"),
        ("expectations", "expectation"),
        ("gateways", "gateway"),
        ("defects", "defect"),
        ("formats", "format"),
    ] {
        let list = place.say(&["list", listing]).ended(0).out;
        let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
        // All of them are looked up by the unit tests of `explain`; the way there is the same for each.
        assert!(names.len() > 1, "{list}");
        for name in [names[0], names[names.len() - 1]] {
            let page = place.say(&["explain", &format!("{room}/{name}")]).ended(0).out;
            assert!(page.starts_with(&format!("{room} {name}\n")), "{page}");
            assert!(place.say(&["explain", name]).ended(0).out.contains(&page), "{name}");
        }
    }
    for name in
        ["pass", "inconclusive", "fail", "exit/0", "exit/1", "exit/2", "exit/3", "exit/4", "outcome/complete"]
    {
        assert!(place.say(&["explain", name]).ended(0).out.len() > 40, "{name}");
    }
}

#[test]
fn every_scenario_of_the_library_is_listed_with_its_reason_and_can_be_checked_and_planned() {
    let place = Place::new();
    let list = place.say(&["list", "scenarios"]).ended(0).out;
    assert!(list.lines().count() >= 10, "{list}");
    assert!(list.contains("\nfaults: ") && list.contains("`brownout run faults/` runs them all\n"), "{list}");
    for line in list.lines().filter_map(|line| line.strip_prefix("  ")) {
        let (name, about) = line.split_once(' ').unwrap();
        assert!(about.contains(" s  ") && about.trim().len() > 40, "{line}");
        assert_eq!(place.say(&["check", name]).ended(0).out, format!("{name}: ok\n"));
        assert!(place.say(&["plan", name]).ended(0).out.contains("at the most"), "{name}");
    }
}

#[test]
fn explain_alone_shows_every_sort_of_thing_that_it_knows() {
    let overview = Place::new().say(&["explain"]).ended(0).out;
    for sort in
        ["fault", "expectation", "scenario", "gateway", "evidence", "column", "key", "exit", "outcome"]
    {
        assert!(overview.contains(&format!("\n{sort}: ")), "{overview}");
    }
}

#[test]
fn parts_of_a_policy_tables_of_the_file_scenarios_and_columns_are_explained() {
    let place = Place::new();
    for (name, words) in [
        ("policy", "What a gateway is declared to do"),
        ("retry", "`attempts`"),
        ("phase", "`for`"),
        ("traffic", "`rate`"),
        ("retry-503", "owned by"),
        ("faults/throttle", "throttle = {"),
        ("attempts.number", "Its number among the arrivals"),
    ] {
        let page = place.say(&["explain", name]).ended(0).out;
        assert!(page.contains(words), "{page}");
    }
}

#[test]
fn the_schema_is_json_and_knows_the_top_of_the_file() {
    let schema: serde_json::Value =
        serde_json::from_str(&Place::new().say(&["schema"]).ended(0).out).unwrap();
    for key in ["name", "gateway", "policy", "backend", "traffic", "phase", "expect"] {
        assert!(schema["properties"][key].is_object(), "{key}");
    }
}

#[test]
fn shells_and_man_get_what_they_want() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.say(&["completions", shell]).ended(0).out;
        assert!(script.contains("doctor") && script.contains("simulate"), "{shell}");
    }
    assert!(place.say(&["man"]).ended(0).out.contains(".SH NAME"));
    place.say(&["man", "--out", "man"]).ended(0);
    for page in ["brownout.1", "brownout-run.1", "brownout-explain.1"] {
        assert!(place.path().join("man").join(page).is_file(), "{page}");
    }
}

#[test]
fn the_doctor_examines_the_machine_and_asks_only_for_the_gateways_that_are_needed() {
    let place = Place::new();
    let said = place.say(&["doctor"]).ended(0);
    for what in ["open files", "loopback", "free ports", "clock", "cores", "gateway haproxy", "gateway envoy"]
    {
        assert!(said.out.contains(what), "{}", said.out);
    }
    let mut command = place.command(&["doctor", "--gateway", "haproxy"]);
    let said = Said::of(&command.env("BROWNOUT_HAPROXY", "/nowhere/haproxy").output().unwrap()).ended(4);
    assert!(said.out.contains("missing  gateway haproxy"), "{}", said.out);
    assert!(said.out.contains("help: `apt-get install"), "{}", said.out);
}
