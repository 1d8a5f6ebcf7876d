//! Backends that other machines can reach: only at the addresses that a flag names, and said wherever one looks.

use std::fs;

use crate::common::{Place, SMALL};

/// An address of documentation (RFC 5737), which no machine has.
const ELSEWHERE: &str = "192.0.2.7";

fn listening(address: &str) -> String {
    SMALL.replace("[backend.a]", &format!("[backend.a]\nlisten = \"{address}\""))
}

#[test]
fn a_backend_that_others_can_reach_takes_a_flag_that_names_its_address() {
    let place = Place::with(&listening("0.0.0.0:0"));
    let refused = place.say(&["check", "s.toml"]).ended(3);
    let expected = "error: s.toml:7:1: backend `a`: other machines can reach 0.0.0.0, and fake backends misbehave on purpose\n\
                    help: `--allow-listen 0.0.0.0` allows it\n";
    assert_eq!(refused.err, expected);
    // The unspecified address stands for many, and is allowed by its own name only; so is each of the others.
    for allowed in [ELSEWHERE, "127.0.0.1", "::"] {
        let said = place.say(&["run", "s.toml", "--allow-listen", allowed]).ended(3);
        assert!(said.err.contains(expected), "{}", said.err);
    }
    assert!(place.run_dirs().is_empty(), "something was run");
    place.say(&["check", "s.toml", "--allow-listen", "0.0.0.0"]).ended(0);
    place.say(&["run", "s.toml", "--simulate"]).ended(0);
    let wrong = place.say(&["check", "s.toml", "--allow-listen", "0.0.0.0:9001"]).ended(3);
    assert!(wrong.err.contains("an IP address without a port"), "{}", wrong.err);
}

#[test]
fn an_address_that_this_machine_does_not_have_is_told_before_anything_is_started() {
    let place = Place::with(&listening(&format!("{ELSEWHERE}:9001")));
    for command in ["check", "run"] {
        let said = place.say(&[command, "s.toml", "--allow-listen", ELSEWHERE]).ended(4);
        let expected = "error: s.toml:7:1: backend `a`: 192.0.2.7 is not an address of this machine";
        assert!(said.err.contains(expected), "{}", said.err);
    }
    assert!(place.run_dirs().is_empty(), "something was run");
}

#[test]
fn discover_asks_with_such_a_backend_only_where_the_flag_names_it() {
    let place = Place::with(&listening("0.0.0.0:0"));
    let said = place.say(&["discover", "s.toml", "--only", "timers"]);
    assert!(said.err.contains("`--allow-listen 0.0.0.0` allows it"), "{}", said.err);
}

#[test]
fn a_plan_and_every_report_say_which_backends_others_could_reach() {
    let place = Place::with(&listening("0.0.0.0:0"));
    let plan = place.say(&["plan", "s.toml"]).ended(0).out;
    assert!(
        plan.contains("other machines can reach a at 0.0.0.0:0: needs `--allow-listen 0.0.0.0`"),
        "{plan}"
    );
    // The gateway is told an address that it can connect to: all requests arrive.
    let said = place.say(&["run", "s.toml", "--allow-listen", "0.0.0.0"]);
    assert!(!said.out.contains("may be anybody's"), "nobody else came: {}", said.out);
    let dir = place.run_dir();
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.join("manifest.json")).unwrap()).unwrap();
    let address = manifest["backend_addresses"][0].as_str().unwrap();
    assert!(address.starts_with("0.0.0.0:") && !address.ends_with(":0"), "{address}");
    let expected = format!("other machines could reach the backends `a` at {address}");
    for format in ["terminal", "json", "junit", "html"] {
        let report = place.say(&["report", &dir.to_string_lossy(), "--format", format]).out;
        let unmarked = report.replace("<code>", "`").replace("</code>", "`");
        // A terminal breaks lines.
        let words = unmarked.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(&expected), "{format}: {report}");
    }
}

#[test]
fn a_game_day_has_to_say_in_its_file_where_backends_listen() {
    let place = Place::with(&listening("0.0.0.0:0"));
    let day = "title = \"Beside a gateway\"\n[[run]]\nscenario = \"s.toml\"\n";
    place.write("day.toml", day);
    let said = place.say(&["gameday", "check", "day.toml"]).ended(3);
    assert!(said.err.contains("add `allow_listen = [\"0.0.0.0\"]`"), "{}", said.err);
    place.write("day.toml", format!("allow_listen = [\"0.0.0.0\"]\n{day}"));
    place.say(&["gameday", "check", "day.toml"]).ended(0);
    let plan = place.say(&["gameday", "plan", "day.toml"]).ended(0).out;
    assert!(plan.contains("backends may listen where other machines reach them: 0.0.0.0"), "{plan}");
    let said = place.say(&["gameday", "run", "day.toml"]).ended(6);
    assert!(said.transcript().contains("`--allow-listen 0.0.0.0` allows it"), "{}", said.transcript());
    place.write("day.toml", format!("allow_listen = [\"0.0.0.0:80\"]\n{day}"));
    let said = place.say(&["gameday", "check", "day.toml"]).ended(3);
    assert!(said.err.contains("`0.0.0.0:80` is no address"), "{}", said.err);
}
