//! `brownout report`: any format from a finished run or a saved report.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use reports::Report;

use crate::args::ReportArgs;
use crate::exit::Exit;
use crate::judging::judge_run;
use crate::output::{complain, print_report, save_report};

pub(crate) fn report(args: &ReportArgs) -> Result<Exit> {
    let written = read(&args.source).and_then(|report| match &args.out {
        None => print_report(&report, &args.format),
        Some(path) => save_report(&report, &args.format, path),
    });
    Ok(match written {
        Ok(()) => Exit::Pass,
        Err(error) => {
            complain(&format_args!("error: {error:#}"));
            Exit::Usage
        }
    })
}

/// A run directory is judged again, a saved report is taken at its word.
fn read(source: &Path) -> Result<Report> {
    if source.is_dir() {
        return judge_run(source, None);
    }
    let text = fs::read_to_string(source).with_context(|| format!("{}", source.display()))?;
    reports::format::read(&text).with_context(|| format!("{}", source.display()))
}
