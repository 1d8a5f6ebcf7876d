//! Evidence that is whole, cut off, edited, or none.

use std::fs;
use std::path::Path;

use rustix::process::Signal;

use crate::common::{Place, SMALL, long};

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_same_evidence_gives_the_same_report_byte_for_byte() {
    let place = Place::with(SMALL);
    place.say(&["run", "s.toml"]).ended(0);
    let dir = place.run_dir();
    place.say(&["analyze", name(&dir), "--report", "json=again.json"]).ended(0);
    let (then, now) =
        (fs::read(dir.join("report.json")).unwrap(), fs::read(place.path().join("again.json")).unwrap());
    assert!(then == now, "the report is another one the second time");
}

#[test]
fn a_run_can_be_judged_by_other_demands() {
    let place = Place::with(SMALL);
    place.say(&["run", "s.toml", "--simulate"]).ended(0);
    place.write("strict.toml", SMALL.replace("max = 2", "max = 1"));
    let dir = place.run_dir();
    let said = place.say(&["analyze", name(&dir), "--scenario", "strict.toml"]).ended(1);
    assert!(said.out.contains("at most 1 arrival"), "{}", said.out);
    place.write("other.toml", SMALL.replace("outage", "flood"));
    let said = place.say(&["analyze", name(&dir), "--scenario", "other.toml"]).ended(3);
    assert!(said.err.contains("no phase `flood`"), "{}", said.err);
}

#[test]
fn a_run_that_was_killed_is_judged_up_to_its_last_batch() {
    let place = Place::with(&long());
    let run = place.start(&["run", "s.toml"]);
    run.signal(Signal::KILL);
    assert_eq!(run.end().code, None);
    place.nothing_is_left();
    let said = place.say(&["analyze", name(&place.run_dir())]).ended(2);
    assert!(said.out.contains("cut"), "{}", said.out);
    assert!(said.out.contains("INCONCLUSIVE"), "{}", said.out);
}

#[test]
fn a_failure_that_was_recorded_before_the_kill_stays_proven() {
    let place = Place::with(&long().replace("\"500ms\"", "\"100ms\""));
    let set = "gateway.reference.defects=[\"one-retry-too-many\"]";
    let run = place.start(&["run", "s.toml", "--set", set]);
    run.signal(Signal::KILL);
    run.end();
    let said = place.say(&["analyze", name(&place.run_dir())]).ended(1);
    assert!(said.out.contains("3 arrivals") && said.out.contains("cut"), "{}", said.out);
}

#[test]
fn evidence_that_was_edited_is_refused_and_the_file_is_named() {
    for table in ["exchanges.arrows", "attempts.arrows"] {
        let place = Place::with(SMALL);
        place.say(&["run", "s.toml", "--simulate"]).ended(0);
        let dir = place.run_dir();
        let path = dir.join(table);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        for arguments in [&["analyze", name(&dir)][..], &["report", name(&dir)]] {
            let said = place.say(arguments).ended(3);
            assert!(
                said.err.contains(table) && said.err.contains("was changed after the run"),
                "{}",
                said.err
            );
        }
    }
}

#[test]
fn what_is_no_evidence_is_refused() {
    let place = Place::with(SMALL);
    place.say(&["run", "s.toml", "--simulate"]).ended(0);
    let dir = place.run_dir();
    for (arguments, words) in [
        (["analyze", "nowhere"], "not a run directory"),
        (["analyze", "runs"], "not a run directory"),
        (["report", "nowhere"], "nowhere"),
        (["report", "s.toml"], "s.toml"),
    ] {
        let said = place.say(&arguments).ended(3);
        assert!(said.err.contains(words), "{}", said.err);
    }
    let said = place.say(&["export", "nowhere", "--parquet"]).ended(3);
    assert!(said.err.contains("nowhere"), "{}", said.err);
    fs::write(dir.join("manifest.json"), "{ \"format\": 1 ").unwrap();
    let said = place.say(&["analyze", name(&dir)]).ended(3);
    assert!(said.err.contains("manifest.json"), "{}", said.err);
}

#[test]
fn a_report_of_a_newer_version_is_refused_by_its_version() {
    let place = Place::with(SMALL);
    place.say(&["run", "s.toml", "--simulate"]).ended(0);
    let text = fs::read_to_string(place.run_dir().join("report.json")).unwrap();
    let mut report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let version = report.get_mut("version").expect("a report has its version");
    *version = serde_json::json!(9999);
    place.write("newer.json", report.to_string());
    let said = place.say(&["report", "newer.json"]).ended(3);
    assert!(said.err.contains("9999"), "{}", said.err);
}

#[test]
fn a_link_beside_the_evidence_is_not_followed_into_the_report() {
    let place = Place::with(SMALL);
    place.say(&["run", "s.toml", "--simulate"]).ended(0);
    let dir = place.run_dir();
    let canary = place.write("canary.yaml", "canary: 4711");
    let gateway = dir.join("gateway");
    let _ = fs::remove_dir_all(&gateway);
    fs::create_dir(&gateway).unwrap();
    std::os::unix::fs::symlink(&canary, gateway.join("envoy.yaml")).unwrap();
    for report in ["json=again.json", "html=again.html"] {
        place.say(&["analyze", name(&dir), "--report", report]).ended(0);
        let text = fs::read_to_string(place.path().join(report.split_once('=').unwrap().1)).unwrap();
        assert!(!text.contains("4711"), "{report}");
    }
    // Nor is a link in place of the directory.
    fs::remove_dir_all(&gateway).unwrap();
    std::os::unix::fs::symlink(place.path(), &gateway).unwrap();
    place.say(&["analyze", name(&dir), "--report", "json=again.json"]).ended(0);
    assert!(!fs::read_to_string(place.path().join("again.json")).unwrap().contains("4711"));
}

#[test]
fn a_report_whose_verdict_its_own_findings_deny_is_refused() {
    let place = Place::with(SMALL);
    let set = "gateway.reference.defects=[\"one-retry-too-many\"]";
    place.say(&["run", "s.toml", "--simulate", "--set", set]).ended(1);
    let text = fs::read_to_string(place.run_dir().join("report.json")).unwrap();
    let mut report: serde_json::Value = serde_json::from_str(&text).unwrap();
    report["verdict"] = "pass".into();
    place.write("edited.json", report.to_string());
    for format in ["terminal", "html", "junit"] {
        let said = place.say(&["report", "edited.json", "--format", format]).ended(3);
        assert!(said.err.contains("the verdict is `pass`, and finding"), "{}", said.err);
        assert!(!said.out.contains("PASS"), "{}", said.out);
    }
}

#[test]
fn a_demand_that_was_taken_out_of_the_manifest_is_noticed() {
    let place = Place::with(SMALL);
    place.say(&["run", "s.toml", "--simulate"]).ended(0);
    let path = place.run_dir().join("manifest.json");
    let mut manifest: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    manifest["plan"]["demands"].as_array_mut().unwrap().remove(0);
    fs::write(&path, manifest.to_string()).unwrap();
    let said = place.say(&["analyze", name(&place.run_dir())]).ended(3);
    assert!(
        said.err.contains("manifest.json") && said.err.contains("was changed after the run"),
        "{}",
        said.err
    );
}
