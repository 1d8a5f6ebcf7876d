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

/// Saves the baseline of a defect, then runs without it against that baseline: gives what was said, and the command that
/// it offers after `words`.
fn repaired(place: &Place, scenario: &str, defect: &str, words: &str) -> (Said, String) {
    let defect = format!("gateway.reference.defects=[\"{defect}\"]");
    let run = ["run", scenario, "--simulate", "--quiet"];
    let broken = [&run[..], &["--set", &defect]].concat();
    let kept = evidence(&place.say(&broken).ended(1));
    place.say(&["baseline", "save", &kept]).ended(0);
    // What failed when the baseline was saved may go on failing.
    place.say(&[&broken[..], &["--baseline", "--seed", "5"]].concat()).ended(0);
    let said = place.say(&[&run[..], &["--baseline"]].concat());
    let offer = said.out.split_once(words).unwrap_or_else(|| panic!("{}", said.out)).1;
    let command = offer.split('`').nth(1).expect("the command is quoted").to_owned();
    (said, command)
}

/// Carries out a command line as it was printed.
fn paste(place: &Place, command: &str) {
    let words = command.strip_prefix("brownout ").expect("a command of brownout");
    place.say(&words.split(' ').collect::<Vec<_>>()).ended(0);
}

#[test]
fn a_repair_passes_and_the_baseline_may_be_raised_by_the_command_that_is_offered() {
    let place = Place::new();
    let (said, command) = repaired(&place, "retry-503", "same-host-retry", "raise it with ");
    assert!(said.ended(0).out.contains("BETTER"));
    paste(&place, &command);
    let defect = "gateway.reference.defects=[\"same-host-retry\"]";
    place.say(&["run", "retry-503", "--simulate", "--baseline", "--set", defect]).ended(1);
}

#[test]
fn a_change_that_only_people_can_judge_is_no_pass_and_can_be_taken_over() {
    let place = Place::new();
    let (said, command) =
        repaired(&place, "slow-upstream-timeout", "doubles-timeout", "make it the baseline with ");
    assert!(said.ended(2).out.contains("CHANGED"));
    paste(&place, &command);
    place.say(&["run", "slow-upstream-timeout", "--simulate", "--baseline", "--seed", "3"]).ended(0);
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
