//! Files, and what the command line changes in them.

use std::path::Path;

use crate::common::{SOUND, said_with};
use brownout_scenario::{Loaded, Overrides, TEXT_MAX, load, load_text};
use insta::assert_snapshot;
use units::Timespan;

fn set(assignments: &[&str]) -> Overrides {
    Overrides { set: assignments.iter().map(ToString::to_string).collect(), ..Overrides::default() }
}

fn loaded(overrides: &Overrides) -> Loaded {
    load_text("orders.toml", SOUND, Path::new("."), overrides).unwrap_or_else(|failure| panic!("{failure}"))
}

fn written(name: &str, content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, content).unwrap();
    (directory, path)
}

#[test]
fn a_file_is_loaded_and_paths_in_it_are_looked_up_beside_it() {
    let (directory, path) = written("orders.toml", SOUND.as_bytes());
    let loaded = load(&path, &Overrides::default()).unwrap();
    assert_eq!(loaded.plan.name, "one backend answers 503");
    assert_eq!(loaded.plan.base, directory.path());
    assert_eq!(loaded.text, SOUND);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let failure = load(Path::new("no/such/orders.toml"), &Overrides::default()).unwrap_err();
    assert_snapshot!(failure, @"
    error: no/such/orders.toml: the scenario can't be read: no such file or directory
     |
     = help: check the path; `brownout list scenarios` shows the built-in scenarios
    ");
}

#[test]
fn a_directory_binary_data_and_a_file_without_end_are_refused() {
    let (directory, path) = written("orders.toml", b"name = \"\xff\"");
    let said = |path: &Path| {
        let failure = load(path, &Overrides::default()).unwrap_err().to_string();
        failure.replace(&directory.path().display().to_string(), "DIR")
    };
    assert_snapshot!(said(&path), @"
    error: DIR/orders.toml: not UTF-8 text, from byte 8 on
     |
     = help: a scenario is a TOML file
    ");
    assert_snapshot!(said(directory.path()), @"
    error: DIR: the scenario can't be read: is a directory
     |
     = help: a scenario is a regular file
    ");
    std::fs::write(&path, vec![b'#'; TEXT_MAX as usize + 1]).unwrap();
    assert_snapshot!(said(&path), @"
    error: DIR/orders.toml: the scenario is longer than 1 MiB
     |
     = help: a scenario is a TOML file of some hundred lines
    ");
}

#[test]
fn a_value_is_set_by_its_dotted_key_and_comes_first_in_the_evidence() {
    let loaded =
        loaded(&set(&["traffic.reads.rate=\"100/s\"", "seed = 9", "limits.in_flight=500", "why='because'"]));
    assert!(loaded.text.contains("rate = \"100/s\"") && !loaded.text.contains("200/s"));
    assert_eq!(loaded.plan.seed, 9);
    assert_eq!(loaded.plan.limits.in_flight, 500);
    assert_eq!(loaded.plan.driver.in_flight_max, 500);
    assert_eq!(loaded.plan.brief.about.why.as_deref(), Some("because"));
}

#[test]
fn an_entry_of_a_list_is_named_by_its_number_or_its_name() {
    let by_name = loaded(&set(&["phase.brownout.for=\"3s\"", "phase.brownout.inject.0.status.code=500"]));
    let by_number = loaded(&set(&["phase.1.for=\"3s\"", "phase.1.inject.0.status.code=500"]));
    assert_eq!(by_name.plan.length, *Timespan::from_secs(8));
    assert_eq!(by_name.text, by_number.text);
    assert!(by_name.plan.brief.injections[0].settings.contains("500"));
}

#[test]
fn tables_that_the_file_does_not_have_are_made() {
    let loaded = loaded(&set(&["backend.orders-c.weight=2", "driver.threads=2"]));
    assert_eq!(loaded.plan.pool.backends.len(), 3);
    assert_eq!(loaded.plan.driver.threads, 2);
}

#[test]
fn a_whole_table_is_set_at_once() {
    let loaded = loaded(&set(&["policy.retry={ attempts = 3, on = [\"503\"] }"]));
    assert_eq!(loaded.plan.policy.retry.unwrap().attempts, 3);
}

#[test]
fn another_gateway_replaces_the_one_of_the_file_and_keeps_its_settings_if_it_is_the_same() {
    let other = Overrides { gateway: Some("url".to_owned()), ..Overrides::default() };
    let said = said_with(SOUND, &other);
    assert!(said.contains("missing key `address`") && !said.contains("second gateway"), "{said}");

    let text = SOUND.replace("[gateway.reference]", "[gateway.reference]\ndefects = [\"retries-post\"]");
    let same = Overrides { gateway: Some("reference".to_owned()), ..Overrides::default() };
    let loaded = load_text("orders.toml", &text, Path::new("."), &same).unwrap();
    assert!(loaded.text.contains("retries-post"), "{}", loaded.text);
}

#[test]
fn a_seed_from_the_command_line_wins() {
    let loaded = loaded(&Overrides { seed: Some(77), ..Overrides::default() });
    assert_eq!((loaded.plan.seed, loaded.plan.driver.seed, loaded.plan.pool.seed), (77, 77, 77));
    assert!(loaded.text.contains("seed = 77"));
}

#[test]
fn overrides_that_can_not_be_applied_say_why() {
    assert_snapshot!(said_with(SOUND, &set(&["traffic.reads.rate"])), @r#"
    error: `--set traffic.reads.rate`: expected KEY=VALUE
     |
     = help: for example `--set 'traffic.reads.rate="200/s"'`
    "#);
    assert_snapshot!(said_with(SOUND, &set(&["traffic.reads.rate=100/s"])), @r#"
    error: `--set traffic.reads.rate=100/s`: the value `100/s` is not TOML
     |
     = help: text needs quotes, and the shell takes one pair away: `--set 'traffic.reads.rate="100/s"'`
    "#);
    assert_snapshot!(said_with(SOUND, &set(&["traffic..rate=1"])), @"
    error: `--set traffic..rate=1`: the key is not a dotted TOML key
     |
     = help: for example `phase.outage.for` or `gateway.reference.defects`
    ");
    assert_snapshot!(said_with(SOUND, &set(&["phase.outage.for=\"1s\""])), @r#"
    error: `--set phase.outage.for="1s"`: there is no entry `outage`, only `steady`, `brownout`
     |
     = help: for example `phase.0.for`
    "#);
    assert_snapshot!(said_with(SOUND, &set(&["name.first=1", "phase.for=1"])), @"
    error: `--set name.first=1`: `name` is a value, not a table

    error: `--set phase.for=1`: `phase` is a list: its entry must be named
    ");
    assert_snapshot!(said_with(SOUND, &Overrides { gateway: Some("refrence".to_owned()), ..Overrides::default() }), @"
    error: `--gateway refrence`: unknown gateway kind `refrence`
     |
     = help: did you mean `reference`? the kinds are ALL GATEWAYS
    ");
    assert_snapshot!(said_with(SOUND, &Overrides { seed: Some(u64::MAX), ..Overrides::default() }), @"
    error: the seed 18446744073709551615 is too large: TOML integers end at 9223372036854775807
    ");
}

#[test]
fn an_override_that_the_scenario_does_not_know_is_pointed_at_in_the_changed_text() {
    assert_snapshot!(said_with(SOUND, &set(&["traffic.reads.rat=\"1/s\""])), @r#"
    error: unknown key `rat`
      --> orders.toml:15:1
       |
    15 | rat = "1/s"
       | ^^^ expected one of `request`, `target`, `keys`, `rate`, `users`, `think`, `mix`, `weight`, `arrivals`, `host`, `headers`, `body`, `trailers`, `deadline`, `keep_alive`, `abort`, `upload`, `stall`, `read` or `expect_continue`
       |
       = help: did you mean `rate`?
    "#);
}
