//! `brownout import`: from a gateway's own configuration to a verdict, as the tutorial has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Place, snapshot};

fn tutorials() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tutorials")
}

/// A place with the files of the tutorial.
fn shop() -> Place {
    let place = Place::new();
    for name in ["orders.bicep", "orders.xml"] {
        fs::copy(tutorials().join("azure-api-management").join(name), place.path().join(name)).unwrap();
    }
    place
}

/// What each command of a tutorial is, with the exit code that an `echo $?` behind it shows.
fn commands(text: &str) -> Vec<(String, i32)> {
    let mut found: Vec<(String, i32)> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        match line.strip_prefix("$ ") {
            Some("echo $?") => found.last_mut().unwrap().1 = lines.next().unwrap().parse().unwrap(),
            Some(command) => found.push((command.to_owned(), 0)),
            None => {}
        }
    }
    found
}

#[test]
fn the_tutorial_for_api_management_goes_as_it_says() {
    let text = fs::read_to_string(tutorials().join("azure-api-management.md")).unwrap();
    let commands = commands(&text);
    assert!(commands.iter().any(|(_, code)| *code == 1), "the tutorial shows a failure: {commands:?}");
    let place = shop();
    for (command, code) in commands {
        if let Some(arguments) = command.strip_prefix("brownout ") {
            place.say(&arguments.split_whitespace().collect::<Vec<_>>()).ended(code);
        } else if command.starts_with("sed ") {
            let done = Command::new("sh").args(["-c", &command]).current_dir(place.path()).status().unwrap();
            assert!(done.success(), "{command}");
        } else {
            assert!(command.starts_with("cd "), "the tutorial has a command that is not tried: {command}");
        }
    }
}

#[test]
fn what_was_understood_and_what_not_is_told_with_places() {
    let place = shop();
    let said = place.say(&["import", "orders.bicep", "orders.xml", "--out", "."]).ended(0);
    snapshot("import", &format!("{}\n{}", said.out, said.err));
    // What was written is checked as any scenario is, and nothing is found.
    let checked = place.say(&["check", "orders.toml"]).ended(0);
    assert_eq!(checked.err, "", "{}", checked.err);
}

#[test]
fn a_report_shows_the_place_in_the_source_of_what_was_judged() {
    let place = shop();
    place.say(&["import", "orders.bicep", "orders.xml", "--out", "."]).ended(0);
    let said = place.say(&["run", "--simulate", "orders.toml", "--report", "markdown=r.md", "--quiet"]);
    let report = fs::read_to_string(place.path().join("r.md")).unwrap();
    assert!(report.contains("| breaker.trip | 3 failures within 60 s | 3 failures |"), "{report}");
    assert!(report.contains("| orders.bicep:5:22 (orders.toml:"), "{report}\n{}", said.out);
}

#[test]
fn files_are_overwritten_only_if_that_is_asked_for() {
    let place = shop();
    let import = ["import", "orders.bicep", "orders.xml", "--out", "."];
    place.say(&import).ended(0);
    assert!(place.say(&import).ended(3).err.contains("--force"));
    place.say(&[&import[..], &["--force"]].concat()).ended(0);
}

#[test]
fn files_that_can_not_be_read_are_named() {
    let place = shop();
    fs::write(place.path().join("a.xml"), b"<a>\xff</a>").unwrap();
    fs::write(place.path().join("b.conf"), "x").unwrap();
    for (arguments, words) in [
        (&["no.bicep"][..], "error: no.bicep: the file can't be read: no such file"),
        (&["a.xml"], "a.xml: not UTF-8 text, from byte 3 on"),
        (&["b.conf"], "b.conf: no importer knows files of this kind"),
        (&["orders.xml", "--value", "x"], "`--value x` has no value"),
        (&["orders.bicep", "--backend", "x"], "there is no backend `x`"),
        (&["orders.bicep", "--value", "failure=2"], "nothing asks for the value of `failure`"),
    ] {
        let said = place.say(&[&["import", "--out", "out"][..], arguments].concat()).ended(3);
        assert!(said.err.contains(words), "{}", said.err);
        assert!(!place.path().join("out").exists());
    }
}
