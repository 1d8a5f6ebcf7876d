//! The files that reports are written to, and what a CI server reads of them.

use std::fs;

use crate::common::{Place, SMALL};

const DEFECT: &str = "gateway.reference.defects=[\"one-retry-too-many\"]";
const NO_RETRY: &str = "gateway.reference.defects=[\"no-retry\"]";

fn two() -> Place {
    let place = Place::with(SMALL);
    place.write("t.toml", SMALL.replace("\"small\"", "\"another\""));
    place
}

#[test]
fn every_format_can_be_asked_for_during_a_run_and_after_it() {
    let place = Place::with(SMALL);
    let list = place.say(&["list", "formats"]).ended(0).out;
    let formats: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let targets: Vec<String> = formats.iter().map(|format| format!("{format}=out/{format}")).collect();
    let mut arguments = vec!["run", "s.toml", "--simulate", "--quiet"];
    for target in &targets {
        arguments.extend(["--report", target]);
    }
    place.say(&arguments).ended(0);
    let dir = place.run_dir();
    for format in formats {
        let during = fs::read(place.path().join("out").join(format)).unwrap();
        let source = dir.to_str().unwrap();
        place.say(&["report", source, "--format", format, "--out", "after"]).ended(0);
        let after = fs::read(place.path().join("after")).unwrap();
        assert!(during == after && !after.is_empty(), "`{format}` is not the same during and after the run");
        let saved = dir.join("report.json");
        place.say(&["report", saved.to_str().unwrap(), "--format", format]).ended(0);
    }
}

#[test]
fn one_document_holds_all_scenarios_where_its_format_can() {
    let place = two();
    let arguments = ["run", "s.toml", "t.toml", "--simulate", "--report", "junit=all.xml", "--report"];
    place.say(&[&arguments[..], &["html=out/{scenario}.html"]].concat()).ended(0);
    let document = fs::read_to_string(place.path().join("all.xml")).unwrap();
    assert!(
        document.contains("<testsuite name=\"small\"") && document.contains("<testsuite name=\"another\"")
    );
    for (file, scenario) in [("out/s.html", "small"), ("out/t.html", "another")] {
        let page = fs::read_to_string(place.path().join(file)).unwrap();
        assert!(page.contains(&format!("<title>PASS: {scenario}")), "{file}");
    }
    // The same, of finished runs.
    let dirs: Vec<String> = place.run_dirs().iter().map(|dir| dir.display().to_string()).collect();
    place.say(&["report", &dirs[0], &dirs[1], "--format", "junit", "--out", "after.xml"]).ended(0);
    let after = fs::read_to_string(place.path().join("after.xml")).unwrap();
    assert_eq!(after.matches("<testsuite ").count(), 2);
}

#[test]
fn a_file_that_can_not_hold_all_scenarios_is_refused_before_anything_runs() {
    let place = two();
    let said = place.say(&["run", "s.toml", "t.toml", "--simulate", "--report", "html=out.html"]).ended(3);
    assert!(said.err.contains("html=out/{scenario}.html"), "{}", said.err);
    assert!(place.run_dirs().is_empty());
}

#[test]
fn in_a_job_of_github_actions_what_failed_is_annotated_and_no_other_command_is_obeyed() {
    let place = Place::with(SMALL);
    let mut command = place.command(&["run", "s.toml", "--simulate", "--quiet", "--set", DEFECT]);
    let output = command.env("GITHUB_ACTIONS", "true").output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let commands: Vec<&str> = out.lines().filter(|line| line.trim_start().starts_with("::")).collect();
    let word = commands[0].strip_prefix("::stop-commands::").expect("foreign words come after it");
    assert_eq!(commands[1], format!("::{word}::"));
    assert!(
        out.find("FAIL") > out.find("::stop-commands") && out.find("FAIL") < out.find(commands[1]),
        "{out}"
    );
    assert!(commands[3].starts_with("::error file=s.toml,line="), "{out}");
    let plain = place.say(&["run", "s.toml", "--simulate", "--quiet", "--set", DEFECT]).ended(1);
    assert!(!plain.out.contains("::error"), "{}", plain.out);
}

#[test]
fn a_file_that_can_not_be_written_costs_neither_the_verdict_nor_the_next_scenario() {
    let place = two();
    place.write("taken", "");
    let said =
        place.say(&["run", "s.toml", "t.toml", "--simulate", "--report", "junit=taken/all.xml"]).ended(4);
    assert_eq!(said.out.matches("PASS  The gateway").count(), 2, "{}", said.out);
    assert!(said.err.contains("error: --report: taken") && said.err.contains("help: `brownout report runs/"));
    let said =
        place.say(&["run", "s.toml", "--simulate", "--set", DEFECT, "--report", "junit=taken/a"]).ended(1);
    assert!(said.out.contains("FAIL"), "what was proven is no less so: {}", said.out);
}

#[test]
fn a_scenario_that_could_not_be_run_is_an_error_in_every_document_that_is_asked_for() {
    let place = two();
    place.write(
        "gone.toml",
        SMALL.replace("[gateway.reference]", "[gateway.haproxy]\nbinary = \"/nowhere/haproxy\""),
    );
    place.write("wrong.toml", SMALL.replace("rate =", "rat ="));
    let files = ["--report", "junit=all.xml", "--report", "html=out/{scenario}.html"];
    let said = place.say(&[&["run", "gone.toml", "wrong.toml", "s.toml", "--quiet"], &files[..]].concat());
    assert_eq!(said.code, Some(4), "{}\n{}", said.out, said.err);
    let document = fs::read_to_string(place.path().join("all.xml")).unwrap();
    assert_eq!(document.matches("<testsuite ").count(), 3, "{document}");
    assert_eq!(document.matches("<error message=\"not run: ").count(), 2, "{document}");
    assert!(document.contains("/nowhere/haproxy") && document.contains("unknown key `rat`"), "{document}");
    for name in ["gone", "wrong", "s"] {
        assert!(place.path().join(format!("out/{name}.html")).exists(), "{name}");
    }
    let last = said.out.trim_end().lines().last().unwrap();
    assert_eq!(last, "3 scenarios: 2 not run, 1 passed");
}

#[test]
fn a_document_is_written_although_nothing_could_be_run() {
    let place = Place::with(&SMALL.replace("rate =", "rat ="));
    place.say(&["run", "s.toml", "--report", "junit=none.xml"]).ended(3);
    assert!(fs::read_to_string(place.path().join("none.xml")).unwrap().contains("errors=\"1\""));
}

#[test]
fn the_last_lines_on_a_terminal_are_the_verdict_and_the_names_of_what_did_not_pass() {
    let place = Place::with(SMALL);
    let said = place.say(&["run", "s.toml", "--simulate", "--quiet", "--set", DEFECT]).ended(1);
    let last = said.out.trim_end().rsplit("\n\n").next().unwrap();
    assert!(last.starts_with("FAIL  ") && last.ends_with("outage/all/attempts  s.toml:22"), "{}", said.out);
}

#[test]
fn what_is_worse_than_the_baseline_is_a_finding_in_every_document_and_no_pass_stands_beside_it() {
    // No expectation forbids a gateway that never tries again; fewer requests succeed with it.
    let lenient = SMALL.replace("attempts = { max = 2 }", "integrity = {}");
    let place = Place::with(&lenient.replace("1500ms", "20s"));
    place.say(&["run", "s.toml", "--simulate", "--quiet"]).ended(0);
    place.say(&["baseline", "save", place.run_dir().to_str().unwrap()]).ended(0);
    let list = place.say(&["list", "formats"]).ended(0).out;
    let formats: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let targets: Vec<String> = formats.iter().map(|format| format!("{format}=out/{format}")).collect();
    let mut arguments = vec!["run", "s.toml", "--simulate", "--quiet", "--baseline", "--set", NO_RETRY];
    for target in &targets {
        arguments.extend(["--report", target]);
    }
    let said = place.say(&arguments).ended(1);
    let closing = said.out.trim_end().rsplit("\n\n").next().unwrap();
    assert!(closing.starts_with("FAIL  ") && closing.contains("baseline/outage/"), "{}", said.out);
    for format in formats {
        let document = fs::read_to_string(place.path().join("out").join(format)).unwrap();
        assert!(document.contains("baseline/outage/"), "`{format}` does not say what got worse");
        assert!(!document.contains("PASS The") && !document.contains("title=brownout%3A PASS"), "{format}");
    }
    let kept = fs::read_to_string(place.run_dirs().last().unwrap().join("report.json")).unwrap();
    assert!(kept.contains("baseline/outage/"));
}
