//! The declared policy against the observed one, as a table that can be pasted into a change request: the same cells in
//! every format.

use crate::escape;
use crate::figures;
use crate::grounds;
use crate::{Finding, PolicyRow, Report, Verdict};

/// The most rows of a table; a policy has some thirty keys.
pub(crate) const ROWS_MAX: usize = 100;

/// The most figures of a row: one for each backend that was looked at.
const ESTIMATES_MAX: usize = 4;

/// The titles of the columns after the verdict.
pub(crate) const HEADER: [&str; 6] = ["key", "declared", "observed", "cases", "place", "because"];

/// The findings that have a table.
pub(crate) fn findings(report: &Report) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(|finding| !finding.policy.is_empty())
}

/// The cells of a row, in the order of [`HEADER`]. Harmless, but without the escaping of any markup.
pub(crate) fn cells(report: &Report, row: &PolicyRow) -> [String; 6] {
    [
        escape::name(&row.key),
        escape::plain(&row.declared, 160),
        observed(row),
        figures::count(row.exposures),
        place(report, row),
        because(row),
    ]
}

/// What was observed: in figures with their intervals, or in words where there are none.
fn observed(row: &PolicyRow) -> String {
    match row.estimates.as_slice() {
        [] => escape::plain(&row.observed, 240),
        [only] => grounds::figure(only),
        several => several.iter().take(ESTIMATES_MAX).map(grounds::named).collect::<Vec<_>>().join("; "),
    }
}

/// Why a key differs or can't be told; that it holds is told by what was observed.
fn because(row: &PolicyRow) -> String {
    if row.verdict == Verdict::Pass { String::new() } else { escape::plain(&row.because, 240) }
}

/// The file and line that declare a key: of the gateway's own configuration where that is known, and of the scenario.
pub(crate) fn place(report: &Report, row: &PolicyRow) -> String {
    let file = escape::plain(&report.scenario_path, 300);
    let line = row.line.map(|line| format!("{file}:{line}"));
    let source = row.source.as_ref().map(|source| escape::plain(source, 300));
    match (source, line) {
        (Some(source), Some(line)) => format!("{source} ({line})"),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => "–".to_owned(),
    }
}

/// What the table is of: the phase and the traffic that were looked at.
pub(crate) fn title(finding: &Finding) -> String {
    let traffic = finding
        .traffic
        .as_deref()
        .map_or_else(String::new, |traffic| format!(" / {}", escape::name(traffic)));
    format!("Declared policy, as observed in {}{traffic}", escape::name(&finding.phase))
}
