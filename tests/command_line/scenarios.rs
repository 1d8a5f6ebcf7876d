//! Scenarios that are wrong: each is refused with a place, a reason and a help, before anything runs.

use std::fmt::Write;

use crate::common::{Place, SMALL, snapshot};

#[test]
fn what_is_wrong_with_a_scenario_is_pointed_at() {
    let mut text = String::new();
    for (what, from, to) in [
        ("an unknown key", "rate = \"200/s\"", "rte = \"200/s\""),
        ("an unknown fault", "status = { code = 503, share = 0.5 }", "latncy = {}"),
        ("a wrong type", "share = 0.5", "share = \"half\""),
        ("a number without a unit", "\"500ms\"", "500"),
        ("TOML that is none", "[backend.a]", "[backend.a"),
        ("a phase of no length", "\"500ms\"", "\"0s\""),
        ("a negative rate", "\"200/s\"", "\"-1/s\""),
        ("an absurd rate", "\"200/s\"", "\"99999999999/s\""),
        ("more requests than the limit", "\"1500ms\"", "\"30d\""),
        ("a phase that is not there", "in = \"outage\"", "in = \"outtage\""),
        ("a backend that is not there", "on = [\"a\", \"b\"]", "on = [\"a\", \"c\"]"),
        ("a body that is larger than the limit", "rate = ", "body = { size = \"1GiB\" }\nrate = "),
        ("an unknown gateway", "[gateway.reference]", "[gateway.apache]"),
        ("an unknown defect", "[gateway.reference]", "[gateway.reference]\ndefects = [\"retry-post\"]"),
        ("a share that is none", "share = 0.5", "share = 1.5"),
        ("escapes in the name", "\"small\"", "\"\\u001b[2J\""),
    ] {
        let place = Place::with(&SMALL.replacen(from, to, 1));
        let said = place.say(&["run", "s.toml", "--simulate"]).ended(3);
        assert!(place.run_dirs().is_empty(), "{what}: something was run");
        assert!(!said.err.contains('\u{1b}'), "{what}: an escape reached the terminal");
        let _ = writeln!(text, "━━ {what}\n{}", said.err);
    }
    snapshot("wrong-scenarios", &text);
}

#[test]
fn a_file_that_can_not_be_read_is_named() {
    let place = Place::new();
    place.write("latin1.toml", b"name = \"caf\xe9\"");
    place.write("huge.toml", vec![b'#'; (1 << 20) + 1]);
    std::fs::create_dir(place.path().join("dir.toml")).unwrap();
    let mut text = String::new();
    for file in ["missing.toml", "latin1.toml", "huge.toml", "dir.toml", "\u{1b}[31m.toml"] {
        for command in ["run", "check", "plan"] {
            let said = place.say(&[command, file]).ended(3);
            assert!(!said.err.contains('\u{1b}'), "{said:?}");
            if command == "run" {
                let _ = writeln!(text, "{}", said.err);
            }
        }
    }
    snapshot("unreadable-scenarios", &text);
}

#[test]
fn an_override_that_makes_no_sense_is_refused() {
    let place = Place::with(SMALL);
    let mut text = String::new();
    for arguments in [
        &["--set", "nonsense"][..],
        &["--set", "traffic.reads.rate=fast"],
        &["--set", "phase.nowhere.for=\"1s\""],
        &["--set", "traffic.reads.color=\"red\""],
        &["--gateway", "apache"],
        &["--report", "papyrus=x"],
        &["--report", "junit"],
    ] {
        let said = place.say(&[&["run", "s.toml", "--simulate"], arguments].concat()).ended(3);
        assert!(place.run_dirs().is_empty(), "{arguments:?}: something was run");
        let _ = writeln!(text, "$ {}\n{}", arguments.join(" "), said.err);
    }
    snapshot("wrong-overrides", &text);
}

#[test]
fn all_mistakes_of_all_files_come_at_once() {
    let place =
        Place::with(&SMALL.replace("in = \"outage\"", "in = \"otage\"").replace("[\"a\", \"b\"]", "[\"x\"]"));
    let said = place.say(&["check", "first-look", "s.toml", "missing.toml"]).ended(3);
    assert_eq!(said.out, "first-look: ok\n");
    for mistake in ["otage", "`x`", "missing.toml"] {
        assert!(said.err.contains(mistake), "{}", said.err);
    }
}

#[test]
fn a_plan_shows_everything_that_will_happen() {
    snapshot("plan", &Place::with(SMALL).say(&["plan", "s.toml"]).ended(0).out);
}
