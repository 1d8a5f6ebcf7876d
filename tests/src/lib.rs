//! What the end to end tests share: a scenario goes in, a judged report comes out.

pub mod case;
pub mod doctor;

use std::path::Path;
use std::sync::Arc;

use reports::{Inventory, Report, Verdict};
use run::{Options, Progress};
use scenario::Overrides;
use tokio_util::sync::CancellationToken;

/// The library's scenario of this name.
///
/// # Panics
/// If there is none.
pub fn library(name: &str) -> &'static str {
    let entry = scenarios::LIBRARY.iter().find(|entry| entry.name == name);
    entry.unwrap_or_else(|| panic!("the library has no scenario `{name}`")).text
}

/// Runs a scenario in the simulated world, with overrides as on the command line, and leaves its evidence in `out`.
///
/// # Panics
/// If the scenario is wrong or the run fails: the diagnostic is the panic's text.
pub fn simulate(text: &str, set: &[&str], seed: u64, out: &Path) -> Report {
    run_in(text, set, seed, out, true)
}

/// The same in either world.
///
/// # Panics
/// As [`simulate`].
pub fn run_in(text: &str, set: &[&str], seed: u64, out: &Path, simulate: bool) -> Report {
    let overrides =
        Overrides { set: set.iter().map(ToString::to_string).collect(), seed: Some(seed), gateway: None };
    let loaded = scenario::load_text("test.toml", text, Path::new("."), &overrides)
        .unwrap_or_else(|failure| panic!("{}", failure.render(false)));
    let options = Options {
        out: out.to_owned(),
        scenario_path: "test.toml".into(),
        scenario_text: loaded.text.clone(),
        overrides: overrides.set.clone(),
        simulate,
        allowed: run::Allowed::default(),
        status: None,
        interrupt: CancellationToken::new(),
        abort: CancellationToken::new(),
    };
    let progress = Arc::new(Progress::new(&loaded.plan, 0));
    let finished = run::run(&loaded.plan, &options, &progress).unwrap_or_else(|error| panic!("{error}"));
    judged(&finished.dir)
}

/// Judges the run in `dir` by its own expectations.
///
/// # Panics
/// If it can't be read.
pub fn judged(dir: &Path) -> Report {
    let report = assess::judge_run(dir, None).unwrap_or_else(|error| panic!("{error:#}"));
    // What differs from run to run is left out, so that two reports can be compared.
    Report { run: "run".into(), started: "started".into(), inventory: Inventory::default(), ..report }
}

/// The findings that did not pass, as text for assertions.
pub fn complaints(report: &Report) -> String {
    let not_passed = report.findings.iter().filter(|finding| finding.verdict != Verdict::Pass);
    let lines = not_passed.map(|finding| {
        format!(
            "{} {}: {} [{}] {}",
            finding.verdict, finding.id, finding.summary, finding.observed, finding.because
        )
    });
    lines.chain(report.remarks.iter().cloned()).collect::<Vec<_>>().join("\n")
}
