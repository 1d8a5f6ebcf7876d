//! What the end to end tests share: a scenario goes in, a judged report comes out.

pub mod case;
pub mod doctor;

use std::path::Path;
use std::sync::Arc;

use archive::read_run;
use evidence::Ledger;
use judge::RunFacts;
use reports::{Report, Verdict};
use run::{Options, Progress};
use scenario::{Overrides, Plan};
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
        allow_hosts: Vec::new(),
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
    let read = read_run(dir).unwrap_or_else(|error| panic!("{error}"));
    let plan: Plan = assess::plan_of(&read.manifest).expect("the manifest holds a plan");
    let manifest = read.manifest;
    let facts = RunFacts {
        brownout: manifest.brownout,
        run: String::from("run"),
        scenario_path: manifest.scenario_path,
        gateway: manifest.gateway,
        gateway_version: manifest.gateway_version,
        simulated: manifest.simulated,
        seed: manifest.seed,
        started: String::from("started"),
        overrides: manifest.overrides,
        inventory: reports::Inventory::default(),
    };
    judge::judge(&plan.brief, &plan.demands, &Ledger::join(read.evidence), facts)
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
