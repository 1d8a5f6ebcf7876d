//! `brownout baseline save`, and what `brownout run --baseline` judges against.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use compare::{Baseline, BaselineFigure};
use reports::{Answer, Comparison, ComparisonFormat, Course, Report, Verdict};

use super::compare::write;
use crate::args::BaselineCommand;
use crate::exit::Exit;
use crate::output::{complain, harmless, print};
use assess::{report_of, write_whole};

/// The largest file that is read: some ten thousand figures.
const FILE_BYTES_MAX: u64 = 1 << 20;

pub(crate) fn baseline(command: &BaselineCommand) -> Exit {
    let BaselineCommand::Save { run, out } = command;
    let saved = report_of(run).and_then(|report| save(&report, out.as_deref()));
    saved.unwrap_or_else(|error| {
        complain(&format_args!("error: {error:#}"));
        Exit::Usage
    })
}

fn save(report: &Report, out: Option<&Path>) -> Result<Exit> {
    let baseline = Baseline::of(report);
    ensure!(
        !baseline.figures.is_empty(),
        "the run has no figures that a baseline could keep: too few requests were sent"
    );
    let path = out.map_or_else(|| beside(Path::new(&report.scenario_path)), Path::to_owned);
    write_whole(&path, |out| write!(out, "{baseline}")).with_context(|| format!("{}", path.display()))?;
    let figures = baseline.figures.len();
    print(&harmless(&format!("{figures} figures of {} saved to {}\n", report.run, path.display())))?;
    if let Some(warning) = blind(&baseline) {
        complain(&warning);
    }
    Ok(Exit::Pass)
}

/// The most figures that are named.
const NAMES_MAX: usize = 5;

/// What is said of a baseline that was measured on a machine so noisy, or for so short, that no change would be seen.
fn blind(baseline: &Baseline) -> Option<String> {
    let all: Vec<(&str, &BaselineFigure)> = baseline.blind().collect();
    let named = all.iter().take(NAMES_MAX).map(|(id, figure)| {
        format!("  `{id}`: {} {}, tolerance ± {}", figure.value, figure.unit, figure.tolerance)
    });
    let named: Vec<String> = named.collect();
    let more = all.len().saturating_sub(NAMES_MAX);
    let more = if more > 0 { format!("\n  and {more} more") } else { String::new() };
    (!all.is_empty()).then(|| {
        format!(
            "warning: {} of {} figures are too noisy to show a change: the tolerance is more than half of the value\n{}{more}\n\
             help: save the baseline from a longer run, or on a machine with less to do",
            all.len(),
            baseline.figures.len(),
            named.join("\n"),
        )
    })
}

/// `scenarios/retry.toml` has its baseline in `scenarios/retry.baseline.toml`; a scenario of the library, which is
/// no file, in the current directory.
fn beside(scenario: &Path) -> PathBuf {
    let stem = scenario.file_stem().unwrap_or_else(|| "brownout".as_ref()).to_string_lossy();
    let folder = scenario.parent().filter(|_| scenario.exists()).unwrap_or_else(|| Path::new(""));
    folder.join(format!("{stem}.baseline.toml"))
}

/// The baseline that a run of the scenario at `scenario` is judged against, read before the run begins: the
/// file that was given, or the one beside the scenario.
pub(crate) fn find(given: Option<&Path>, scenario: &Path) -> Result<Baseline> {
    let path = given.map_or_else(|| beside(scenario), Path::to_owned);
    if !path.exists() {
        bail!(
            "{}: there is no such baseline\nhelp: `brownout baseline save RUN` writes it from a finished run",
            path.display()
        );
    }
    read(&path).with_context(|| format!("{}", path.display()))
}

fn read(path: &Path) -> Result<Baseline> {
    let size = fs::metadata(path)?.len();
    ensure!(size <= FILE_BYTES_MAX, "it has {size} bytes, the limit is {FILE_BYTES_MAX}");
    let baseline: Baseline = toml::from_str(&fs::read_to_string(path)?)?;
    match baseline.problem() {
        Some(problem) => bail!(problem),
        None => Ok(baseline),
    }
}

/// Holds the report of a run directory against the baseline and says what came of it; what it comes to becomes findings of
/// the report. Gives the exit code.
pub(crate) fn judge(baseline: &Baseline, report: &mut Report, run: &Path) -> Result<Exit> {
    let comparison = match compare::compare_with_baseline(baseline, report) {
        Ok(comparison) => comparison,
        Err(error) => {
            complain(&format_args!("error: {error}"));
            return Ok(Exit::Usage);
        }
    };
    print(&"\nagainst the baseline\n")?;
    write(&comparison, ComparisonFormat::Terminal, None)?;
    if comparison.answer == Answer::Changed {
        print(&harmless(&format!(
            "if that is what was wanted, make it the baseline with `brownout baseline save {}`\n",
            run.display()
        )))?;
    }
    let better = comparison.changes.iter().any(|change| change.course == Some(Course::Better));
    if better && comparison.answer <= Answer::Better {
        print(&harmless(&format!(
            "better than the baseline: raise it with `brownout baseline save {}`\n",
            run.display()
        )))?;
    }
    print(&"\n")?;
    add(report, &comparison);
    Ok(comparison.answer.into())
}

/// Makes what a run is against its baseline a part of its report, verdict and all.
fn add(report: &mut Report, comparison: &Comparison) {
    let findings = compare::baseline_findings(comparison, report);
    report.verdict = findings.iter().map(|finding| finding.verdict).fold(report.verdict, Verdict::max);
    // What failed before may go on failing: such a report is a fail, and the command still ends with 0.
    if report.verdict == Verdict::Fail && comparison.answer <= Answer::Better {
        report.remarks.push(
            "the baseline knows what fails here, and nothing is worse than it was: the exit code is 0".into(),
        );
    }
    report.findings.extend(findings);
}
