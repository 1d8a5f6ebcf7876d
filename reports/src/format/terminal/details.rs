//! What explains each finding that did not pass: the reason, and its witnesses.

use std::io;

use comfy_table::{Attribute, Cell};

use super::unasked::witnesses;
use super::{dim, verdict};
use crate::escape;
use crate::figures;
use crate::grounds;
use crate::policy;
use crate::text::Page;
use crate::{Finding, PolicyRow, Report, Verdict};

/// The most findings that are explained. A gateway that fails more has one cause for most of them.
const FINDINGS_MAX: usize = 50;

/// Writes the details of what failed, and then of what is inconclusive.
pub(super) fn write(page: Page, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let of = |verdict: Verdict| report.findings.iter().filter(move |finding| finding.verdict == verdict);
    let mut findings = of(Verdict::Fail).chain(of(Verdict::Inconclusive));
    for finding in findings.by_ref().take(FINDINGS_MAX) {
        out.write_all(heading(page, report, finding).as_bytes())?;
        out.write_all(reason(page, report, finding).as_bytes())?;
        witnesses(page, finding.witnesses.iter(), out)?;
    }
    let left_out = findings.count() as u64;
    if left_out > 0 {
        writeln!(
            out,
            "\nand {} more that did not pass; the JSON report has them all",
            figures::count(left_out)
        )?;
    }
    Ok(())
}

fn heading(page: Page, report: &Report, finding: &Finding) -> String {
    let place = finding.line.map(|line| format!("  {}:{line}", escape::plain(&report.scenario_path, 300)));
    let id = Cell::new(format!("{}{}", escape::plain(&finding.id, 240), place.unwrap_or_default()));
    let word = figures::word(finding.verdict);
    format!(
        "\n{}",
        page.columns(0, [vec![verdict(finding.verdict, word), id.add_attribute(Attribute::Bold)]])
    )
}

fn reason(page: Page, report: &Report, finding: &Finding) -> String {
    let mut rows = vec![
        vec![dim("summary"), Cell::new(escape::sentence(&finding.summary))],
        vec![dim("observed"), Cell::new(escape::sentence(&finding.observed))],
        vec![dim("expected"), Cell::new(escape::sentence(&finding.expected))],
        vec![dim("because"), Cell::new(escape::sentence(&finding.because))],
    ];
    // In the table of the policy, a place is too wide for its column to be copied or clicked.
    let keys = finding.policy.iter().filter(|row| row.verdict != Verdict::Pass);
    let declared = |row: &PolicyRow| format!("{}: {}", escape::name(&row.key), policy::place(report, row));
    rows.extend(keys.take(policy::ROWS_MAX).map(|row| vec![dim("declared"), Cell::new(declared(row))]));
    rows.extend(grounds::rows(finding).into_iter().map(|(key, words)| vec![dim(key), Cell::new(words)]));
    page.columns(2, rows)
}
