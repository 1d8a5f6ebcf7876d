//! `brownout report`: any format from finished runs or saved reports.

use anyhow::{Result, ensure};
use reports::Report;
use reports::format::FormatKind;

use crate::args::ReportArgs;
use crate::exit::Exit;
use crate::output::{complain, print_reports};
use assess::report_of;
use assess::{find_format, save_reports};

pub(crate) fn report(args: &ReportArgs) -> Result<Exit> {
    let (kind, reports) = match read(args) {
        Ok(read) => read,
        Err(error) => {
            complain(&format_args!("error: {error:#}"));
            return Ok(Exit::Usage);
        }
    };
    match &args.out {
        None => print_reports(&reports, kind)?,
        Some(path) => save_reports(&reports, kind, path)?,
    }
    Ok(Exit::Pass)
}

fn read(args: &ReportArgs) -> Result<(&'static FormatKind, Vec<Report>)> {
    let kind = find_format(&args.format)?;
    let (name, runs) = (kind.name, args.sources.len());
    ensure!(
        kind.several || runs == 1,
        "`{name}` holds one run, and {runs} were given\nhelp: write each with a command of its own"
    );
    let reports: Result<Vec<Report>> = args.sources.iter().map(|source| report_of(source)).collect();
    Ok((kind, reports?))
}
