//! Many scenarios by one command: folders, families of the library, and what is said of them together.

use std::fs;

use crate::common::{Place, SMALL, Said};

/// A folder `family` with scenarios that pass, fail, and can't be run because the gateway does not start.
fn family() -> Place {
    let place = Place::new();
    fs::create_dir(place.path().join("family")).unwrap();
    place.write("family/a-passes.toml", SMALL);
    place.write(
        "family/b-no-gateway.toml",
        SMALL.replace("[gateway.reference]", "[gateway.haproxy]").replace("\"small\"", "\"dead\""),
    );
    let defect = "[gateway.reference]\ndefects = [\"one-retry-too-many\"]";
    place.write(
        "family/c-fails.toml",
        SMALL.replace("[gateway.reference]", defect).replace("\"small\"", "\"broken\""),
    );
    place
}

#[test]
fn a_folder_is_run_as_a_family_with_one_table_and_one_exit_code() {
    let place = family();
    place.write("family/notes.md", "no scenario");
    // The gateway of the second one can't be simulated.
    let said = place
        .say(&["run", "family/", "--simulate", "--report", "junit=out.xml", "--report", "summary=out.html"])
        .ended(1);
    let table = said.out.rsplit("\n\n").next().unwrap();
    let at = |word: &str| table.find(word).unwrap_or_else(|| panic!("{word} is missing in:\n{table}"));
    assert!(at("broken") < at("dead") && at("dead") < at("small"), "the worst comes first:\n{table}");
    assert!(table.ends_with("3 scenarios: 1 failed, 1 not run, 1 passed\n"), "{table}");
    let junit = fs::read_to_string(place.path().join("out.xml")).unwrap();
    assert!(junit.contains("<error") && junit.contains("not_run"), "{junit}");
    let page = fs::read_to_string(place.path().join("out.html")).unwrap();
    assert!(page.contains("<h1>3 scenarios: 1 failed, 1 not run, 1 passed</h1>"), "{page}");
}

#[test]
fn a_gateway_that_does_not_start_is_a_row_and_an_error_in_junit() {
    let place = family();
    let dead = "family/b-no-gateway.toml";
    let mut command = place.command(&["run", dead, dead, "--report", "junit=out.xml"]);
    let said = Said::of(&command.env("BROWNOUT_HAPROXY", "/nowhere/haproxy").output().unwrap()).ended(4);
    assert!(said.out.ends_with("2 scenarios: 2 not run\n"), "{}", said.out);
    let junit = fs::read_to_string(place.path().join("out.xml")).unwrap();
    assert_eq!(junit.matches("<error").count(), 2, "{junit}");
}

#[test]
fn a_family_of_the_library_is_checked_as_a_whole_and_an_empty_folder_is_refused() {
    let place = Place::new();
    let checked = place.say(&["check", "clients/"]).ended(0).out;
    assert!(checked.contains("clients/hang-up: ok\n"), "{checked}");
    fs::create_dir(place.path().join("empty")).unwrap();
    for command in ["run", "check", "plan"] {
        let said = place.say(&[command, "empty"]).ended(3);
        assert!(
            said.err.contains("no scenario in this folder") && said.err.contains("help: "),
            "{}",
            said.err
        );
    }
}
