//! Simulated runs, as `brownout selftest` makes them by the hundred thousand: each scenario of the library once, judged,
//! on one core.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use run::{Options, Progress};
use scenario::{Overrides, load_text};
use scenarios::Entry;
use tokio_util::sync::CancellationToken;

use crate::cpu;
use crate::table::Row;

/// Seeds of the self-test that the goal speaks of, and the processor seconds in which they are to be done: 5 minutes on two cores.
const SEEDS: f64 = 1000.0;
const SECONDS: f64 = 600.0;

/// Where the processor time of all runs went, in seconds.
#[derive(Default)]
struct Spent {
    compiling: f64,
    running: f64,
    judging: f64,
    requests: usize,
    runs: usize,
}

pub(crate) fn measure() -> crate::Outcome {
    let mut spent = Spent::default();
    for entry in scenarios::LIBRARY {
        run(entry, &mut spent).map_err(|why| format!("{}: {why}", entry.name))?;
    }
    let Spent { compiling, running, judging, requests, runs } = spent;
    let a_run = (compiling + running + judging) / runs as f64;
    let goal = SECONDS / SEEDS / runs as f64;
    Ok(vec![Row {
        what: "a simulated run of the library: CPU in all; to compile, run and judge it; to run and judge a request",
        measured: format!(
            "{:.1} ms; {:.1}, {:.1}, {:.1} ms; {:.1}, {:.1} µs",
            a_run * 1e3,
            compiling * 1e3 / runs as f64,
            running * 1e3 / runs as f64,
            judging * 1e3 / runs as f64,
            running * 1e6 / requests as f64,
            judging * 1e6 / requests as f64,
        ),
        goal: "1 000 seeds of all in 5 min on two cores",
        met: a_run <= goal,
    }])
}

fn run(entry: &Entry, spent: &mut Spent) -> Result<(), Box<dyn std::error::Error>> {
    let begun = cpu::own();
    let overrides = Overrides { seed: Some(1), ..Overrides::default() };
    let loaded = load_text(entry.name, entry.text, Path::new("."), &overrides)
        .map_err(|failure| failure.render(false))?;
    let compiled = cpu::own();
    let options = Options {
        out: PathBuf::new(),
        scenario_path: entry.name.into(),
        scenario_text: loaded.text,
        overrides: Vec::new(),
        simulate: true,
        allowed: run::Allowed::default(),
        status: None,
        interrupt: CancellationToken::new(),
        abort: CancellationToken::new(),
    };
    let progress = Arc::new(Progress::new(&loaded.plan, 0));
    let (manifest, evidence) = run::run_in_memory(&loaded.plan, &options, &progress)?;
    let ran = cpu::own();
    spent.requests += evidence.exchanges.len();
    assess::judge_kept(loaded.plan, manifest, evidence);
    spent.compiling += compiled - begun;
    spent.running += ran - compiled;
    spent.judging += cpu::own() - ran;
    spent.runs += 1;
    Ok(())
}
