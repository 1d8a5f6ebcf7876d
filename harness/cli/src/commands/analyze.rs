//! `brownout analyze`: judges a recorded run again.

use anyhow::Result;

use crate::args::Analyze;
use crate::exit::Exit;
use crate::output::{complain, complain_of, show};
use crate::scenario_source::load;
use assess::ReportFiles;
use assess::judge_run;

pub(crate) fn analyze(args: &Analyze) -> Result<Exit> {
    let mut targets = match ReportFiles::parse(&args.reports, &[]) {
        Ok(targets) => targets,
        Err(error) => return Ok(usage(&error)),
    };
    let instead = match &args.scenario {
        None => None,
        Some(path) => match load(path, &scenario::Overrides::default()) {
            Ok(loaded) => Some(loaded.plan),
            Err(failure) => {
                complain_of(|colour| failure.render(colour));
                return Ok(Exit::Usage);
            }
        },
    };
    let report = match judge_run(&args.run, instead.as_ref()) {
        Ok(report) => report,
        Err(error) => return Ok(usage(&error)),
    };
    show(&report)?;
    targets.add(&report)?;
    Ok(report.verdict.into())
}

fn usage(error: &anyhow::Error) -> Exit {
    complain(&format_args!("error: {error:#}"));
    Exit::Usage
}
