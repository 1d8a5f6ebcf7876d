//! `brownout run`: scenarios against a gateway, one after the other, each judged.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use run::{Options, Progress, RunError};
use scenario::{Loaded, Overrides};

use super::baseline;
use crate::args::Run;
use crate::exit::Exit;
use crate::interrupt::{Interrupts, listen};
use crate::judging::judge_fresh;
use crate::output::{complain, complain_of, harmless, parse_targets, print, print_report, save_report};
use crate::progress::Shown;
use crate::sources::{load, overrides};

pub(crate) fn run(args: &Run) -> Result<Exit> {
    let targets = match parse_targets(&args.reports) {
        Ok(targets) => targets,
        Err(error) => {
            complain(&format_args!("error: {error:#}"));
            return Ok(Exit::Usage);
        }
    };
    let interrupts = listen()?;
    let overrides = overrides(&args.files.overrides);
    let mut worst = Exit::Pass;
    for path in &args.files.scenarios {
        let exit = run_one(args, path, &overrides, &interrupts, &targets)?;
        worst = worst.max(exit);
        if interrupts.interrupt.is_cancelled() {
            break;
        }
    }
    Ok(worst)
}

fn run_one(
    args: &Run,
    path: &Path,
    overrides: &Overrides,
    interrupts: &Interrupts,
    targets: &[(String, std::path::PathBuf)],
) -> Result<Exit> {
    let loaded = match load(path, overrides) {
        Ok(loaded) => loaded,
        Err(failure) => {
            complain_of(|colour| failure.render(colour));
            return Ok(Exit::Usage);
        }
    };
    if !loaded.warnings.is_empty() {
        complain_of(|colour| loaded.render_warnings(colour));
    }
    // Read before the run, so that a wrong file costs no time.
    let baseline =
        match args.baseline.as_ref().map(|given| baseline::find(given.as_deref(), path)).transpose() {
            Ok(baseline) => baseline,
            Err(error) => {
                complain(&format_args!("error: {error:#}"));
                return Ok(Exit::Usage);
            }
        };
    let dir = match carry_out(args, path, &loaded, interrupts) {
        Ok(dir) => dir,
        Err(error) => {
            complain(&format_args!("error: {error}"));
            return Ok(Exit::from(&error));
        }
    };
    let report = judge_fresh(&dir.path)?;
    for (format, target) in targets {
        save_report(&report, format, target)?;
    }
    print_report(&report, "terminal")?;
    print(&harmless(&format!("evidence  {}\n", dir.path.display())))?;
    if let Some(died) = dir.died {
        complain(&format_args!("error: {died}"));
        return Ok(Exit::Environment);
    }
    let verdict = Exit::from(report.verdict);
    match baseline {
        // What passed and failed before is in the baseline: only what became of it counts.
        // A run that proves nothing does not pass, whatever its figures.
        Some(baseline) if verdict == Exit::Inconclusive => {
            Ok(baseline::judge(&baseline, &report)?.max(verdict))
        }
        Some(baseline) => baseline::judge(&baseline, &report),
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
