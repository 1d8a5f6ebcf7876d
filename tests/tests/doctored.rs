//! Doctored evidence is judged as if it had been recorded: the helper by which tests show what other gateways do.

use std::fs;

use archive::{ReadError, read_run};
use brownout_tests::doctor::Doctored;
use brownout_tests::{complaints, judged, library, simulate};
use reports::Verdict;

#[test]
fn a_run_that_is_written_again_unchanged_is_judged_the_same() {
    let out = tempfile::tempdir().unwrap();
    let before = simulate(library("first-look"), &[], 1, out.path());
    let dir = Doctored::only_run_in(out.path()).save();
    let after = judged(&dir);
    assert_eq!(after.verdict, before.verdict);
    assert_eq!(after.findings.len(), before.findings.len());
}

#[test]
fn a_gateway_that_delivered_twice_is_made_from_one_that_did_not() {
    let out = tempfile::tempdir().unwrap();
    simulate(library("retry-503"), &[], 1, out.path());
    let dir = Doctored::only_run_in(out.path())
        .attempts(|rows| {
            let again = rows.iter().filter(|row| row.tag.0 < 300).cloned().map(|mut row| {
                row.number += 1;
                row
            });
            let again: Vec<_> = again.collect();
            rows.extend(again);
        })
        .save();
    let report = judged(&dir);
    assert_eq!(report.verdict, Verdict::Fail, "{}", complaints(&report));
}

#[test]
fn without_the_helper_a_change_is_found_out() {
    let out = tempfile::tempdir().unwrap();
    simulate(library("first-look"), &[], 1, out.path());
    let dir = Doctored::only_run_in(out.path()).save();
    let manifest = dir.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replacen("\"min\": 2", "\"min\": 1", 1)).unwrap();
    assert!(matches!(read_run(&dir), Err(ReadError::Edited { .. })));
}
