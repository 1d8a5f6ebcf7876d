//! Planned maintenance of the real gateways under load: the report says which requests paid for it.
//!
//! It takes a minute of real time, so it runs where gateways are required (`BROWNOUT_REQUIRE_GATEWAYS=1`, as in `tests/all.sh`),
//! and is skipped visibly elsewhere.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use archive::read_run;
use evidence::Exchange;
use reports::{Report, Verdict};
use rstest::rstest;

/// Runs a scenario against a gateway; gives the report, and where the evidence lies. Nothing where gateways are not required.
fn run(gateway: &str, scenario: &str, out: &Path) -> Option<(Report, PathBuf)> {
    if std::env::var_os("BROWNOUT_REQUIRE_GATEWAYS").is_none() {
        let note = format!("skipped: {scenario} on {gateway}; set BROWNOUT_REQUIRE_GATEWAYS=1 to run it\n");
        std::io::stderr().write_all(note.as_bytes()).unwrap();
        return None;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_brownout"))
        .args(["run", scenario, "--quiet", "--gateway", gateway, "--out"])
        .arg(out)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let dir = std::fs::read_dir(out).unwrap().next().unwrap_or_else(|| panic!("{said}")).unwrap().path();
    let report = std::fs::read(dir.join("report.json")).unwrap_or_else(|error| panic!("{error}: {said}"));
    Some((serde_json::from_slice(&report).unwrap(), dir))
}

/// The requests of a phase that did not succeed, as the evidence has them.
fn failed(report: &Report, dir: &Path, phase: &str) -> Vec<Exchange> {
    let phase = report.phases.iter().find(|row| row.name == phase).unwrap();
    let exchanges = read_run(dir).unwrap().evidence.exchanges.into_iter();
    let within = |exchange: &Exchange| {
        let due = exchange.due.seconds();
        phase.from_s <= due && due < phase.to_s
    };
    exchanges.filter(|exchange| within(exchange) && !exchange.succeeded()).collect()
}

#[rstest]
fn the_report_says_exactly_which_requests_paid_for_it(#[values("haproxy", "nginx", "envoy")] gateway: &str) {
    // Side by side: each waits far more than it works.
    std::thread::scope(|scope| {
        for (scenario, phase) in [("backend-moves", "moving"), ("restart", "restarting"), ("kill", "killing")]
        {
            scope.spawn(move || says_who_paid(gateway, scenario, phase));
        }
    });
}

fn says_who_paid(gateway: &str, scenario: &str, phase: &str) {
    let out = tempfile::tempdir().unwrap();
    let Some((report, dir)) = run(gateway, &format!("maintenance/{scenario}"), out.path()) else { return };
    let action = report.actions.iter().find(|action| action.phase == phase).unwrap();
    assert_eq!(action.outcome, "done", "{action:?}");
    let finding = report.findings.iter().find(|finding| finding.expectation == "drain").unwrap();
    let failed = failed(&report, &dir, phase);
    let note = format!("{gateway}, {scenario}: {} of them failed; {}\n", failed.len(), finding.summary);
    std::io::stderr().write_all(note.as_bytes()).unwrap();
    // What a stalled machine spoils is set aside, so that no more than these can be told of.
    let told = finding.estimates.iter().find(|estimate| estimate.what.starts_with("requests that it cost"));
    let told = told.and_then(|estimate| estimate.value).unwrap_or_default();
    assert!(told <= failed.len() as f64, "{told}");
    if finding.set_aside.is_empty() {
        assert!((told - failed.len() as f64).abs() < 0.5, "{told} told, {} on record", failed.len());
    }
    let tags: Vec<u64> = failed.iter().map(|exchange| exchange.tag.0).collect();
    if told > 0.0 && finding.verdict == Verdict::Fail {
        assert!(!finding.witnesses.is_empty());
    }
    // The first gateway to keep a promise that it can't keep would be a defect of the test.
    if scenario == "kill" {
        assert!(!failed.is_empty(), "nobody noticed that the gateway was killed");
    }
    let beyond =
        finding.witnesses.iter().filter(|one| one.shows.contains("failed") && !tags.contains(&one.tag));
    assert_eq!(beyond.count(), 0, "a witness that did not fail");
}
