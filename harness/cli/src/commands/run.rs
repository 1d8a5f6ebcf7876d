//! `brownout run`: scenarios against a gateway, one after the other, each judged.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use compare::Baseline;
use reports::Report;
use run::{Options, Progress, RunError};
use scenario::{Loaded, Overrides};

use super::baseline;
use crate::args::Run;
use crate::exit::Exit;
use crate::interrupt::{Interrupts, listen};
use crate::output::{complain, complain_of, harmless, print, show};
use crate::progress::Shown;
use crate::sources::{load, overrides};
use assess::ReportFiles;
use assess::judge_fresh;

pub(crate) fn run(args: &Run) -> Result<Exit> {
    let mut targets = match ReportFiles::parse(&args.reports, &args.files.scenarios) {
        Ok(targets) => targets,
        Err(error) => return Ok(usage(&error)),
    };
    let interrupts = listen()?;
    let overrides = overrides(&args.files.overrides);
    let mut worst = Exit::Pass;
    for path in &args.files.scenarios {
        let exit = match prepare(args, path, &overrides) {
            Ok(prepared) => run_one(args, path, &prepared, &interrupts, &mut targets)?,
            Err(exit) => exit,
        };
        worst = worst.max(exit);
        if interrupts.interrupt.is_cancelled() {
            break;
        }
    }
    Ok(worst)
}

fn usage(error: &anyhow::Error) -> Exit {
    complain(&format_args!("error: {error:#}"));
    Exit::Usage
}

/// All that a run needs and that may be wrong, read before it costs any time.
struct Prepared {
    loaded: Loaded,
    baseline: Option<Baseline>,
}

fn prepare(args: &Run, path: &Path, overrides: &Overrides) -> Result<Prepared, Exit> {
    let loaded = load(path, overrides).map_err(|failure| {
        complain_of(|colour| failure.render(colour));
        Exit::Usage
    })?;
    if !loaded.warnings.is_empty() {
        complain_of(|colour| loaded.render_warnings(colour));
    }
    let baseline = args.baseline.as_ref().map(|given| baseline::find(given.as_deref(), path)).transpose();
    Ok(Prepared { loaded, baseline: baseline.map_err(|error| usage(&error))? })
}

fn run_one(
    args: &Run,
    path: &Path,
    prepared: &Prepared,
    interrupts: &Interrupts,
    targets: &mut ReportFiles,
) -> Result<Exit> {
    let dir = match carry_out(args, path, &prepared.loaded, interrupts) {
        Ok(dir) => dir,
        Err(error) => {
            complain(&format_args!("error: {error}"));
            return Ok(Exit::from(&error));
        }
    };
    let report = judge_fresh(&dir.path)?;
    show(&report)?;
    print(&harmless(&format!("evidence  {}\n", dir.path.display())))?;
    let verdict = verdict_of(prepared, &report, &dir.path)?;
    // The verdict is told before anything can go wrong with a file, and the next scenario is run all the same.
    if let Err(error) = targets.add(&report) {
        let help = format!(
            "help: `brownout report {} --format FORMAT --out FILE` writes it later",
            dir.path.display()
        );
        complain(&format_args!("error: --report: {error:#}\n{help}"));
        return Ok(verdict.max(Exit::Environment));
    }
    if let Some(died) = dir.died {
        complain(&format_args!("error: {died}"));
        return Ok(Exit::Environment);
    }
    Ok(verdict)
}

/// What the report comes to: by itself, or against the baseline.
fn verdict_of(prepared: &Prepared, report: &Report, dir: &Path) -> Result<Exit> {
    let verdict = Exit::from(report.verdict);
    match &prepared.baseline {
        // What passed and failed before is in the baseline: only what became of it counts.
        // A run that proves nothing does not pass, whatever its figures.
        Some(baseline) if verdict == Exit::Inconclusive => {
            Ok(baseline::judge(baseline, report, dir)?.max(verdict))
        }
        Some(baseline) => baseline::judge(baseline, report, dir),
        None => Ok(verdict),
    }
}

/// Where the evidence lies, and why there is only a part of it.
struct Recorded {
    path: std::path::PathBuf,
    died: Option<RunError>,
}

fn carry_out(
    args: &Run,
    path: &Path,
    loaded: &Loaded,
    interrupts: &Interrupts,
) -> Result<Recorded, RunError> {
    let options = Options {
        out: args.out.clone(),
        scenario_path: path.display().to_string(),
        scenario_text: loaded.text.clone(),
        overrides: args.files.overrides.set.clone(),
        simulate: args.simulate,
        allow_hosts: args.allow_host.clone(),
        status: args.status,
        interrupt: interrupts.interrupt.clone(),
        abort: interrupts.abort.clone(),
    };
    let progress = Arc::new(Progress::new(&loaded.plan, scheduled(&loaded.plan)));
    let shown = Shown::start(&progress, args.simulate, args.quiet, &interrupts.interrupt);
    let finished = run::run(&loaded.plan, &options, &progress);
    drop(shown);
    match finished {
        Ok(finished) => Ok(Recorded { path: finished.dir, died: None }),
        Err(error) => match &error {
            RunError::GatewayEnded { dir, .. } => Ok(Recorded { path: dir.clone(), died: Some(error) }),
            _ => Err(error),
        },
    }
}

fn scheduled(plan: &scenario::Plan) -> u64 {
    (0..plan.driver.classes.len()).map(|class| driver::count(&plan.driver, class as u16)).sum()
}
