//! `brownout report`: any format from a finished run or a saved report.

use anyhow::Result;

use crate::args::ReportArgs;
use crate::exit::Exit;
use crate::judging::report_of;
use crate::output::{complain, known, print_report, save_report};

pub(crate) fn report(args: &ReportArgs) -> Result<Exit> {
    let report = match known(&args.format).and_then(|()| report_of(&args.source)) {
        Ok(report) => report,
        Err(error) => {
            complain(&format_args!("error: {error:#}"));
            return Ok(Exit::Usage);
        }
    };
    match &args.out {
        None => print_report(&report, &args.format)?,
        Some(path) => save_report(&report, &args.format, path)?,
    }
    Ok(Exit::Pass)
}
