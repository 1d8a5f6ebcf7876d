//! The runs of a directory, one after the other: as a table on a terminal, and as a page with a small line for
//! each figure and each finding.

mod page;
mod table;

use std::io;

use crate::figures;
use crate::format::Options;
use crate::{LatencyRow, Report, Verdict};

/// The runs of a directory, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The directory.
    pub directory: String,
    /// The runs that could be read, by their start.
    pub runs: Vec<HistoryRun>,
    /// What could not be read: name, and why.
    pub broken: Vec<(String, String)>,
}

/// One run of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRun {
    /// The run directory's name.
    pub run: String,
    /// When it was started, RFC 3339.
    pub started: String,
    /// The scenario's name.
    pub scenario: String,
    /// The gateway's kind and version.
    pub gateway: String,
    /// The worst finding's verdict.
    pub verdict: Verdict,
    /// The findings' verdicts by their names.
    pub findings: Vec<(String, Verdict)>,
    /// Requests that were sent.
    pub requests: u64,
    /// Share of requests that succeeded.
    pub succeeded: f64,
    /// Attempts for each request.
    pub attempts: f64,
    /// The largest 99th percentile of response times, over the classes and phases with samples enough for one, in
    /// milliseconds; absent where none has.
    pub p99_ms: Option<f64>,
}

impl HistoryRun {
    /// What a history keeps of a report.
    pub fn of(report: &Report) -> Self {
        let sum =
            |of: fn(&crate::PhaseRow) -> u64| report.phases.iter().map(of).fold(0u64, u64::saturating_add);
        let requests = sum(|row| row.exchanges);
        let each = |count: u64| count as f64 / requests.max(1) as f64;
        let response = report.latencies.iter().filter(|row| row.time == "response");
        let slowest = response.filter_map(LatencyRow::p99).filter(|time| time.is_finite());
        HistoryRun {
            run: report.run.clone(),
            started: report.started.clone(),
            scenario: report.scenario.clone(),
            gateway: figures::gateway(report),
            verdict: report.verdict,
            findings: report.findings.iter().map(|finding| (finding.id.clone(), finding.verdict)).collect(),
            requests,
            succeeded: each(sum(|row| row.succeeded)),
            attempts: each(sum(|row| row.attempts)),
            p99_ms: slowest.reduce(f64::max),
        }
    }

    /// The names of the findings that failed.
    fn failing(&self) -> impl Iterator<Item = &str> {
        self.findings.iter().filter(|(_, verdict)| *verdict == Verdict::Fail).map(|(id, _)| id.as_str())
    }
}

impl History {
    /// Writes the table for a terminal.
    pub fn terminal(&self, options: Options, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(table::text(self, options).as_bytes())
    }

    /// Writes the page.
    pub fn html(&self, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(page::page(self).into_string().as_bytes())?;
        out.write_all(b"\n")
    }
}
