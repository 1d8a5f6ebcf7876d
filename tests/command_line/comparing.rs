//! Two runs held against each other, a run against its baseline, and all runs of a directory.

use std::fs;

use crate::common::{Place, SMALL, Said, snapshot};

const DEFECT: &str = "gateway.reference.defects=[\"one-retry-too-many\"]";

/// Runs the small scenario in the simulated world, and gives the directory of the run.
fn run(place: &Place, more: &[&str]) -> String {
    let said = place.say(&[&["run", "s.toml", "--simulate", "--quiet"], more].concat());
    assert!(matches!(said.code, Some(0 | 1)), "{}", said.transcript());
    evidence(&said)
}

fn evidence(said: &Said) -> String {
    let path = said.out.lines().find_map(|line| line.strip_prefix("evidence  "));
    path.expect("a run says where its evidence is").to_owned()
}

#[test]
fn two_runs_of_the_same_gateway_are_the_same() {
    let place = Place::with(SMALL);
    let (first, second) = (run(&place, &["--seed", "1"]), run(&place, &["--seed", "2"]));
    let said = place.say(&["compare", &first, &second]).ended(0);
    assert!(said.out.starts_with("SAME"), "{}", said.out);
}

#[test]
fn a_gateway_that_tries_once_more_than_before_is_worse_and_the_change_is_named() {
    let place = Place::with(SMALL);
    let (before, after) = (run(&place, &[]), run(&place, &["--set", DEFECT]));
    let said = place.say(&["compare", &before, &after]).ended(1);
    assert!(said.out.contains("attempts"), "{}", said.out);
    let saved = format!("{after}/report.json");
    for format in ["terminal", "markdown", "html", "json"] {
        place.say(&["compare", &before, &saved, "--format", format, "--out", "out"]).ended(1);
        assert!(fs::read_to_string(place.path().join("out")).unwrap().contains("attempts"), "{format}");
    }
}

#[test]
fn runs_of_different_scenarios_can_not_be_compared() {
    let place = Place::with(SMALL);
    let first = run(&place, &[]);
    place.write("s.toml", SMALL.replace("\"outage\"", "\"storm\"").replace("small", "other"));
    let said = place.say(&["compare", &first, &run(&place, &[])]).ended(3);
    assert!(said.err.contains("`small`") && said.err.contains("`other`"), "{}", said.err);
}

fn against_baseline(place: &Place, more: &[&str]) -> Said {
    place.say(&[&["run", "s.toml", "--simulate", "--quiet", "--baseline"], more].concat())
}

#[test]
fn a_run_that_is_worse_than_its_baseline_fails_and_one_like_it_passes() {
    let place = Place::with(SMALL);
    let kept = run(&place, &[]);
    place.say(&["baseline", "save", &kept]).ended(0);
    snapshot("baseline", &fs::read_to_string(place.path().join("s.baseline.toml")).unwrap());
    against_baseline(&place, &["--seed", "5"]).ended(0);
    let said = against_baseline(&place, &["--set", DEFECT]).ended(1);
    assert!(said.out.contains("against the baseline") && said.out.contains("attempts"), "{}", said.out);
}

#[test]
fn what_failed_when_the_baseline_was_saved_may_go_on_failing_and_a_change_can_be_taken_over() {
    let place = Place::new();
    let defect = ["--set", "gateway.reference.defects=[\"doubles-timeout\"]"];
    let say = |more: &[&str]| {
        place.say(&[&["run", "slow-upstream-timeout", "--simulate", "--quiet"], more].concat())
    };
    let kept = evidence(&say(&defect).ended(1));
    place.say(&["baseline", "save", &kept]).ended(0);
    say(&[&["--baseline", "--seed", "5"], &defect[..]].concat()).ended(0);
    // Whether a shorter wait is wanted, brownout can't know.
    let said = say(&["--baseline"]).ended(2);
    let hint = said.out.split_once("make it the baseline with `").unwrap_or_else(|| panic!("{}", said.out)).1;
    // The command can be pasted as it stands.
    let command = hint.split_once('`').expect("the command ends").0.strip_prefix("brownout ").unwrap();
    place.say(&command.split(' ').collect::<Vec<_>>()).ended(0);
    say(&[&["--baseline"], &defect[..]].concat()).ended(1);
}

#[test]
fn a_baseline_that_is_missing_or_no_baseline_costs_no_run() {
    let place = Place::with(SMALL);
    let said = against_baseline(&place, &[]).ended(3);
    assert!(said.err.contains("s.baseline.toml") && said.err.contains("baseline save"), "{}", said.err);
    place.write("s.baseline.toml", "figures = 7");
    let said = against_baseline(&place, &[]).ended(3);
    assert!(said.err.contains("s.baseline.toml"), "{}", said.err);
    assert!(place.run_dirs().is_empty());
}

#[test]
fn the_history_of_a_directory_names_each_run_and_what_is_none() {
    let place = Place::with(SMALL);
    run(&place, &[]);
    run(&place, &["--set", DEFECT]);
    fs::create_dir(place.path().join("runs/notes")).unwrap();
    let said = place.say(&["history"]).ended(0);
    for words in ["pass", "fail", "notes"] {
        assert!(said.out.contains(words), "`{words}` is missing\n{}", said.out);
    }
    place.say(&["history", "runs", "--format", "html", "--out", "history.html"]).ended(0);
    let page = fs::read_to_string(place.path().join("history.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("notes"));
    let said = place.say(&["history", "nowhere"]).ended(3);
    assert!(said.err.contains("nowhere"), "{}", said.err);
}
