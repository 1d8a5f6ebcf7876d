//! The simulated world: two runs of a seed are the same, byte for byte.

use std::fs;
use std::path::Path;

use brownout_tests::{library, simulate};
use reports::Verdict;

/// The tables of the only run in `out`.
fn tables(out: &Path) -> Vec<(String, Vec<u8>)> {
    let dir = fs::read_dir(out).unwrap().next().unwrap().unwrap().path();
    let mut tables: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "arrows"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect();
    tables.sort();
    tables
}

#[test]
fn two_runs_of_a_seed_are_the_same_byte_for_byte_and_two_seeds_are_not() {
    let run = |seed| {
        let out = tempfile::tempdir().unwrap();
        let report = simulate(library("brownout-share"), &[], seed, out.path());
        (report, tables(out.path()))
    };
    let (first, second, other) = (run(7), run(7), run(8));
    assert_eq!(first.0, second.0);
    assert_eq!(first.1.len(), 10);
    assert!(first.1 == second.1, "the evidence of two runs of a seed differs");
    assert!(first.1 != other.1, "the seed has no influence");
}

#[test]
fn a_faulty_phase_without_traffic_is_inconclusive_and_never_passed() {
    let scenario = r#"
name = "nobody asks"
[gateway.reference]
[backend.a]
[backend.b]
[traffic.reads]
request = "GET /{n}"
rate = "100/s"
[[phase]]
name = "steady"
for = "2s"
[[phase]]
name = "outage"
for = "2s"
traffic.reads.rate = "0/s"
[[phase.inject]]
on = ["a"]
status = { code = 503 }
[[expect]]
in = "outage"
attempts = { max = 1 }
"#;
    let out = tempfile::tempdir().unwrap();
    let report = simulate(scenario, &[], 1, out.path());
    assert_eq!(report.verdict, Verdict::Inconclusive);
    assert!(report.findings[0].because.contains("no request"), "{}", report.findings[0].because);
}

#[test]
fn an_hour_long_scenario_is_simulated_in_its_stride() {
    let out = tempfile::tempdir().unwrap();
    let set = ["phase.0.for=\"1h\"", "traffic.reads.rate=\"5/s\""];
    let report = simulate(library("steady-state"), &set, 3, out.path());
    assert!(report.length_s > 3600.0);
    assert_eq!(report.verdict, Verdict::Pass, "{}", brownout_tests::complaints(&report));
}
