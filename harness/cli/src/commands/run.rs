//! `brownout run`: scenarios against a gateway, one after the other, each judged.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use assess::{ReportFiles, judge_fresh};
use compare::Baseline;
use gateways::Allowed;
use reports::Report;
use run::{Options, Progress, RunError, StatusPage};
use scenario::{Loaded, Overrides};

use super::baseline;
use crate::args::Run;
use crate::batch::{Batch, first_line};
use crate::exit::Exit;
use crate::interrupt::{Interrupts, listen};
use crate::output::{complain, complain_of};
use crate::progress::Shown;
use crate::scenario_source::{each, load, overrides};

pub(crate) fn run(args: &Run) -> Result<Exit> {
    let files =
        each(&args.files.scenarios).and_then(|paths| Ok((ReportFiles::parse(&args.reports, &paths)?, paths)));
    let (files, paths) = match files {
        Ok(read) => read,
        Err(error) => return Ok(usage(&error)),
    };
    let interrupts = listen().context("Ctrl-C can't be listened for")?;
    let overrides = overrides(&args.files.overrides);
    let mut batch = Batch::new(files);
    let mut worst = Exit::Pass;
    for path in &paths {
        let scenario = Scenario { args, path };
        let exit = if interrupts.interrupt.is_cancelled() {
            batch.not_run(scenario.not_run(None, "the command was interrupted before"))?
        } else {
            scenario.run(&overrides, &interrupts, &mut batch)?
        };
        worst = worst.max(exit);
    }
    batch.close()?;
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

/// A scenario of the command.
struct Scenario<'a> {
    args: &'a Run,
    path: &'a Path,
}

impl Scenario<'_> {
    fn run(&self, overrides: &Overrides, interrupts: &Interrupts, batch: &mut Batch) -> Result<Exit> {
        let prepared = match self.prepare(overrides) {
            Ok(prepared) => prepared,
            Err(why) => return Ok(Exit::Usage.max(batch.not_run(self.not_run(None, &why))?)),
        };
        let recorded = match carry_out(self.args, self.path, &prepared.loaded, interrupts) {
            Ok(recorded) => recorded,
            Err(error) => {
                let place = error.key().map(|key| prepared.loaded.place_of(&key)).unwrap_or_default();
                complain(&format_args!("error: {place}{error}"));
                let report = self.not_run(Some(&prepared), &first_line(&format!("{place}{error}")));
                return Ok(Exit::from(&error).max(batch.not_run(report)?));
            }
        };
        let dir = &recorded.path;
        let judged = judge_fresh(dir, |report| verdict_of(&prepared, report, dir));
        let (report, verdict) = match judged {
            Ok(judged) => judged,
            Err(error) => {
                complain(&format_args!("error: {error:#}"));
                let why = format!("what was recorded in {} can't be judged: {error:#}", dir.display());
                let report = self.not_run(Some(&prepared), &first_line(&why));
                return Ok(Exit::Environment.max(batch.not_run(report)?));
            }
        };
        let written = batch.judged(report, dir)?;
        if let Some(died) = recorded.died {
            complain(&format_args!("error: {died}"));
            return Ok(Exit::Environment);
        }
        Ok(verdict.max(written))
    }

    /// The scenario and its baseline, or why they can't be used; standard error has the whole of it then.
    fn prepare(&self, overrides: &Overrides) -> Result<Prepared, String> {
        let loaded = load(self.path, overrides).map_err(|failure| {
            complain_of(|colour| failure.render(colour));
            first_line(&failure.to_string())
        })?;
        if !loaded.warnings.is_empty() {
            complain_of(|colour| loaded.render_warnings(colour));
        }
        let given = self.args.baseline.as_ref();
        let baseline = given.map(|given| baseline::find(given.as_deref(), self.path)).transpose();
        let baseline = baseline.map_err(|error| {
            usage(&error);
            first_line(&format!("{error:#}"))
        })?;
        Ok(Prepared { loaded, baseline })
    }

    /// The report of a scenario that could not be run. What is known of it depends on how far it came.
    fn not_run(&self, prepared: Option<&Prepared>, why: &str) -> Report {
        let path = self.path.display().to_string();
        let Some(plan) = prepared.map(|prepared| &prepared.loaded.plan) else {
            let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
            let gateway = self.args.files.overrides.gateway.as_deref().unwrap_or_default();
            return Report::not_run(&stem, &path, gateway, why);
        };
        let about = &plan.brief.about;
        Report {
            why: about.why.clone(),
            owner: about.owner.clone(),
            rollback: about.rollback.clone(),
            simulated: self.args.simulate,
            seed: plan.seed,
            overrides: self.args.files.overrides.set.clone(),
            ..Report::not_run(&about.name, &path, plan.gateway.name(), why)
        }
    }
}

/// What the report comes to: by itself, or against the baseline, which adds its findings.
fn verdict_of(prepared: &Prepared, report: &mut Report, dir: &Path) -> Result<Exit> {
    let own = Exit::from(report.verdict);
    match &prepared.baseline {
        // What passed and failed before is in the baseline: only what became of it counts.
        // A run that proves nothing does not pass, whatever its figures.
        Some(baseline) => {
            let against = baseline::judge(baseline, report, dir)?;
            Ok(if own == Exit::Inconclusive { against.max(own) } else { against })
        }
        None => Ok(own),
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
        allowed: Allowed {
            hosts: args.allow_host.clone(),
            commands: args.allow_commands,
            listen: args.allow_listen.clone(),
        },
        status: args.status.map(|address| StatusPage { address, hosts: args.status_host.clone() }),
        interrupt: interrupts.interrupt.clone(),
        abort: interrupts.abort.clone(),
    };
    let progress = Arc::new(Progress::new(&loaded.plan, driver::scheduled(&loaded.plan.driver)));
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
