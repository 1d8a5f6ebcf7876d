//! The scenarios of one command: what is shown of each, the files that they are written to, and the closing table.

use std::path::Path;

use anyhow::Result;
use assess::ReportFiles;
use reports::Report;

use crate::exit::Exit;
use crate::output::{annotate, complain, harmless, print, show_run, stdout_look};

/// What came of the scenarios so far.
pub(crate) struct Batch {
    files: ReportFiles,
    reports: Vec<Report>,
}

impl Batch {
    /// Nothing yet.
    pub(crate) fn new(files: ReportFiles) -> Self {
        Batch { files, reports: Vec::new() }
    }

    /// Shows the report of the run in `dir`, and writes it to its files. The verdict is told before anything can go wrong
    /// with a file, and the next scenario is run all the same.
    pub(crate) fn judged(&mut self, report: Report, dir: &Path) -> Result<Exit> {
        show_run(&report, dir)?;
        let help =
            format!("help: `brownout report {} --format FORMAT --out FILE` writes it later", dir.display());
        Ok(self.keep(report, &help))
    }

    /// A scenario that could not be run, for a reason that standard error has in full: it is missing in no file.
    pub(crate) fn not_run(&mut self, report: Report) -> Result<Exit> {
        annotate(&report)?;
        Ok(self.keep(report, "help: choose a directory that can be written to"))
    }

    fn keep(&mut self, report: Report, help: &str) -> Exit {
        let written = self.files.add(&report);
        self.reports.push(report);
        match written {
            Ok(()) => Exit::Pass,
            Err(error) => {
                complain(&format_args!("error: --report: {error:#}\n{help}"));
                Exit::Environment
            }
        }
    }

    /// Ends with a table where there were several scenarios.
    pub(crate) fn close(&self) -> Result<()> {
        // Its colours are ours, and foreign words in it are escaped already.
        print(&reports::format::summary(&self.reports, stdout_look()))
    }
}

/// The reason that a document gives for a scenario that could not be run: the first line of what standard error has.
pub(crate) fn first_line(message: &str) -> String {
    let line = message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    harmless(line.trim().trim_start_matches("error: "))
}
