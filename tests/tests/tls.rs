//! TLS on both sides of the reference gateway, in both worlds: what a run over it proves, and that it leaves no key behind.

use std::fs;
use std::path::{Path, PathBuf};

use brownout_tests::{complaints, library, run_in, simulate};
use reports::Verdict;

const OVER_TLS: &[&str] = &["gateway.reference.tls={}"];

/// All files of the runs in `out`.
fn files(out: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() { found.extend(files(&entry)) } else { found.push(entry) }
    }
    found.sort();
    found
}

/// The tables of the run in `out`, by name.
fn tables(out: &Path) -> Vec<(String, Vec<u8>)> {
    let tables =
        files(out).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "arrows"));
    tables
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn certificates_may_be_renewed_under_load_over_tls_on_both_sides() {
    let out = tempfile::tempdir().unwrap();
    let report = simulate(library("certificate-rotation"), OVER_TLS, 3, out.path());
    assert_eq!(report.verdict, Verdict::Pass, "{}", complaints(&report));
}

#[test]
fn the_evidence_of_two_simulated_runs_over_tls_is_the_same_although_their_handshakes_are_random() {
    let run = |seed| {
        let out = tempfile::tempdir().unwrap();
        let report = simulate(library("certificate-expired"), OVER_TLS, seed, out.path());
        (report, tables(out.path()))
    };
    let (first, second) = (run(7), run(7));
    assert_eq!(first.0, second.0);
    assert!(first.1 == second.1, "the evidence of two runs of a seed differs");
    assert_eq!(first.0.verdict, Verdict::Pass, "{}", complaints(&first.0));
}

#[test]
fn a_real_run_over_tls_on_both_sides_passes_and_leaves_no_key_in_its_directory() {
    let out = tempfile::tempdir().unwrap();
    let set = ["gateway.reference.tls={}", "phase.0.for=\"1s\"", "phase.1.for=\"2s\"", "phase.2.for=\"2s\""];
    let report = run_in(library("certificate-rotation"), &set, 3, out.path(), false);
    assert_ne!(report.verdict, Verdict::Fail, "{}", complaints(&report));
    for path in files(out.path()) {
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("PRIVATE KEY"), "{} holds a key", path.display());
    }
}

#[test]
fn a_wrong_certificate_reaches_the_client_as_an_answer_of_the_gateway() {
    for fault in
        ["wrong_name_certificate", "unknown_issuer", "missing_chain", "tls_alert", "client_certificate"]
    {
        let scenario = format!(
            r#"
name = "every backend: {fault}"
[gateway.reference]
[backend.a]
tls = {{}}
[traffic.reads]
request = "GET /{{n}}"
rate = "100/s"
keep_alive = false
[[phase]]
name = "steady"
for = "2s"
[[phase]]
name = "outage"
for = "2s"
settle = "500ms"
[[phase.inject]]
{fault} = {{}}
[[phase.inject]]
for = "100ms"
refuse = {{}}
[[expect]]
in = "outage"
status = {{ of = [502, 503], on = "{fault}", gateway_made = true }}
"#
        );
        let out = tempfile::tempdir().unwrap();
        let report = simulate(&scenario, &[], 1, out.path());
        assert_eq!(report.verdict, Verdict::Pass, "{fault}: {}", complaints(&report));
    }
}
