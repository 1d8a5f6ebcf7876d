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

/// A scenario against a gateway that runs already.
fn attached(address: &str) -> String {
    SMALL
        .replace("[gateway.reference]", &format!("[gateway.url]\naddress = \"{address}\""))
        .replace("[backend.a]", "[backend.a]\nlisten = \"127.0.0.1:9001\"")
        .replace("[backend.b]", "[backend.b]\nlisten = \"127.0.0.1:9002\"")
}

#[test]
fn check_refuses_what_run_would_refuse() {
    let place = Place::with(&attached("http://192.0.2.7:8080"));
    for command in ["check", "run"] {
        let said = place.say(&[command, "s.toml"]).ended(3);
        assert!(said.err.contains("`--allow-host 192.0.2.7` allows it"), "{}", said.err);
    }
    place.say(&["check", "s.toml", "--allow-host", "192.0.2.7"]).ended(0);
    place.write("local.toml", attached("http://127.0.0.1:8080"));
    place.say(&["check", "local.toml"]).ended(0);

    let secret = "rate =".replace("rate", "headers = { x-key = \"{{env.NOBODY_SET_THIS}}\" }\nrate");
    place.write("secret.toml", SMALL.replace("rate =", &secret));
    for arguments in [&["check", "secret.toml"][..], &["run", "secret.toml", "--simulate"]] {
        let said = place.say(arguments).ended(4);
        assert!(said.err.contains("`NOBODY_SET_THIS` is not set"), "{}", said.err);
        assert!(said.err.contains("help: set it before the run"), "{}", said.err);
    }
    assert!(place.run_dirs().is_empty(), "a run was begun");

    place.write(
        "large.toml",
        SMALL.replace("[backend.a]", "[limits]\nbody = \"1GiB\"\n[backend.a]\nbody = \"1GiB\""),
    );
    let said = place.say(&["check", "large.toml"]).ended(3);
    assert!(said.err.contains("`limits.body`"), "{}", said.err);
}

#[test]
fn a_password_in_the_address_of_a_gateway_is_never_printed() {
    let place = Place::with(&attached("http://ann:s3cret@127.0.0.1:8080"));
    let set = "gateway.url.address=\"http://ann:s3cret@127.0.0.1:8080/x\"";
    let unquoted = "gateway.url.address=http://ann:s3cret@127.0.0.1:8080";
    for arguments in [
        &["check", "s.toml"][..],
        &["plan", "s.toml"],
        &["run", "s.toml"],
        &["run", "s.toml", "--report", "json=r.json", "--set", set],
        &["run", "s.toml", "--report", "markdown=r.md", "--set", unquoted],
    ] {
        let said = place.say(arguments).ended(3);
        assert!(!said.transcript().contains("s3cret"), "{}", said.transcript());
    }
    for file in ["r.json", "r.md"] {
        let text = std::fs::read_to_string(place.path().join(file)).unwrap();
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn a_number_out_of_range_is_told_with_the_range() {
    let place = Place::with(&SMALL.replace("max = 2", "max = 70000"));
    let said = place.say(&["check", "s.toml"]).ended(3);
    assert!(said.err.contains("expected a whole number from 0 to 65535, found `70000`"), "{}", said.err);
    place.write("negative.toml", SMALL.replace("max = 2", "max = -1"));
    let said = place.say(&["check", "negative.toml"]).ended(3);
    assert!(said.err.contains("expected a whole number from 0 to 65535, found `-1`"), "{}", said.err);
}

#[test]
fn of_thousands_of_mistakes_the_first_are_shown_and_the_others_counted() {
    let wrong = "[[expect]]\nin = \"otage\"\nattempts = { max = 2 }\n".repeat(8000);
    let place = Place::with(&format!("{SMALL}{wrong}"));
    let said = place.say(&["check", "s.toml"]).ended(3);
    assert_eq!(said.err.matches("unknown phase `otage`").count(), 20, "{}", said.err);
    assert!(said.err.contains("… and 7980 more"), "{}", said.err);

    let mut phases = String::new();
    for n in 0..8000 {
        let _ = writeln!(phases, "[[phase]]\nname = \"p{n}\"\nfor = \"1s\"");
    }
    place.write(
        "phases.toml",
        SMALL.replace("[[expect]]\nintegrity", &format!("{phases}[[expect]]\nintegrity")),
    );
    let said = place.say(&["check", "phases.toml"]).ended(3);
    assert!(said.err.contains("8002 phases, allowed are 256"), "{}", said.err);
}
