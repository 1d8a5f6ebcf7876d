//! `brownout export`: the evidence for other tools.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::common::{Place, SMALL};

/// A place with a simulated run of the small scenario, changed in this way.
fn simulated(change: impl FnOnce(String) -> String) -> (Place, PathBuf) {
    let place = Place::with(&change(SMALL.to_owned()));
    place.say(&["run", "s.toml", "--simulate"]);
    let dir = place.run_dir();
    (place, dir)
}

#[test]
fn each_format_lies_in_a_directory_of_its_name_beside_the_evidence() {
    let (place, dir) = simulated(|text| text);
    let said = place.say(&["export", dir.to_str().unwrap(), "--parquet", "--csv", "--har"]).ended(0);
    for file in ["parquet/exchanges.parquet", "parquet/hiccups.parquet", "csv/attempts.csv", "har/run.har"] {
        assert!(said.out.contains(file) && dir.join(file).is_file(), "{}", said.out);
    }
    let bytes = fs::read(dir.join("parquet/exchanges.parquet")).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    // What was exported is no part of the evidence: the run is judged as before.
    place.say(&["analyze", dir.to_str().unwrap()]).ended(0);
}

#[test]
fn another_place_gets_the_same_directories_and_only_what_was_asked_for() {
    let (place, dir) = simulated(|text| text);
    let said = place.say(&["export", dir.to_str().unwrap(), "--csv", "--out", "tables"]).ended(0);
    assert!(said.out.contains("tables/csv/exchanges.csv  400 rows"), "{}", said.out);
    let text = fs::read_to_string(place.path().join("tables/csv/exchanges.csv")).unwrap();
    assert!(text.starts_with("tag,traffic,due_ns,sent_ns,") && text.lines().count() == 401);
    assert!(!place.path().join("tables/parquet").exists() && !dir.join("csv").exists());
}

#[test]
fn the_archive_has_every_exchange_with_its_request_and_its_attempts() {
    let (place, dir) = simulated(|text| text);
    let said = place.say(&["export", dir.to_str().unwrap(), "--har"]).ended(0);
    assert!(said.out.ends_with("har/run.har  400 entries\n"), "{}", said.out);
    let text = fs::read_to_string(dir.join("har/run.har")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let entries = file["log"]["entries"].as_array().unwrap();
    assert_eq!(entries[7]["request"]["url"], json!("http://brownout.test/items/7"));
    let retried = entries.iter().find(|entry| entry["_attempts"].as_array().unwrap().len() == 2).unwrap();
    assert_eq!(retried["pageref"], json!("phase-2"));
    let first = &retried["_attempts"][0];
    assert_eq!((&first["number"], &first["status"]), (&json!(1), &json!(503)));
    assert_eq!(first["faults"], json!(["status { code = 503, share = 0.5 }"]));
}

#[test]
fn what_was_never_sent_is_counted_and_has_no_entry() {
    // Nothing answers, so that one request in flight keeps all others from being sent.
    let (place, dir) = simulated(|text| {
        text.replace("status = { code = 503, share = 0.5 }", "hang = {}") + "[limits]\nin_flight = 1\n"
    });
    let said = place.say(&["export", dir.to_str().unwrap(), "--har"]).ended(0);
    let never_sent = said.out.lines().last().unwrap();
    assert!(never_sent.ends_with(" requests that were due and never sent have no entry"), "{}", said.out);
    let never_sent: usize = never_sent.split(' ').next().unwrap().parse().unwrap();
    assert!(said.out.contains(&format!("run.har  {} entries\n", 400 - never_sent)), "{}", said.out);
}

#[test]
fn evidence_that_was_edited_is_not_exported_in_any_format() {
    let (place, dir) = simulated(|text| text);
    let table = dir.join("exchanges.arrows");
    let mut bytes = fs::read(&table).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&table, bytes).unwrap();
    for format in ["--parquet", "--csv", "--har"] {
        let said = place.say(&["export", dir.to_str().unwrap(), format]).ended(3);
        assert!(said.err.contains("exchanges.arrows: was changed after the run"), "{}", said.err);
    }
}

#[test]
fn a_run_that_was_cut_is_exported_as_far_as_it_goes() {
    let (place, dir) = simulated(|text| text);
    fs::remove_file(dir.join("ending.json")).unwrap();
    let table = dir.join("exchanges.arrows");
    let bytes = fs::read(&table).unwrap();
    fs::write(&table, &bytes[..bytes.len() - 10]).unwrap();
    place.say(&["export", dir.to_str().unwrap(), "--parquet", "--csv", "--har"]).ended(0);
}

#[test]
fn an_export_without_a_format_or_to_no_place_is_refused() {
    let (place, dir) = simulated(|text| text);
    let dir = dir.to_str().unwrap();
    let said = place.say(&["export", dir]).ended(3);
    assert!(said.err.contains("--parquet") && said.err.contains("--har"), "{}", said.err);
    for format in ["--parquet", "--csv", "--har"] {
        let said = place.say(&["export", dir, format, "--out", "s.toml"]).ended(3);
        assert!(said.err.contains("error: s.toml/"), "{}", said.err);
    }
}
