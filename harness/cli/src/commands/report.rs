//! `brownout report`: any format from a finished run or a saved report.

use anyhow::Result;

use crate::args::ReportArgs;
use crate::exit::Exit;
use crate::judging::report_of;
use crate::output::{complain, print_report, save_report};

pub(crate) fn report(args: &ReportArgs) -> Result<Exit> {
    let written = report_of(&args.source).and_then(|report| match &args.out {
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
