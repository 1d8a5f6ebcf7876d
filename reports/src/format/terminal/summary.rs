//! The closing table of several runs: how each ended, and what decided it.

use comfy_table::{Attribute, Cell, ColumnConstraint};

use super::findings::LINES;
use super::verdict;
use crate::escape;
use crate::figures;
use crate::text::{Page, set};
use crate::{Report, Verdict};

/// The most names of findings in a row.
const NAMES_MAX: usize = 3;

/// The table, and the sentence under it: `2 scenarios: 1 failed, 1 passed`. Nothing for a single run.
pub(super) fn text(page: Page, reports: &[Report]) -> String {
    if reports.len() < 2 {
        return String::new();
    }
    let mut table = page.table();
    table.load_style(LINES);
    let head = ["verdict", "scenario", "file", "gateway", "not passed"];
    table.set_header(head.map(|word| Cell::new(word).add_attribute(Attribute::Dim)));
    for report in reports {
        table.add_row(row(report));
    }
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    format!("\n{}{}\n", set(&table, 0), tally(reports))
}

fn row(report: &Report) -> Vec<Cell> {
    let word = if report.was_run() { report.verdict.to_string() } else { "not run".to_owned() };
    vec![
        verdict(report.verdict, &word),
        Cell::new(escape::name(&report.scenario)),
        Cell::new(escape::plain(&report.scenario_path, 300)),
        Cell::new(figures::gateway(report)),
        Cell::new(not_passed(report)),
    ]
}

/// What decided: the names of findings that are no pass, or the first remark of a run without any.
fn not_passed(report: &Report) -> String {
    if report.verdict == Verdict::Pass {
        return String::new();
    }
    if report.findings.is_empty() {
        return report.remarks.first().map(|remark| escape::plain(remark, 160)).unwrap_or_default();
    }
    let of = |verdict: Verdict| report.findings.iter().filter(move |finding| finding.verdict == verdict);
    let mut all =
        of(Verdict::Fail).chain(of(Verdict::Inconclusive)).map(|finding| escape::plain(&finding.id, 160));
    let names: Vec<String> = all.by_ref().take(NAMES_MAX).collect();
    let more = all.count() as u64;
    let more = if more > 0 { format!(" and {} more", figures::count(more)) } else { String::new() };
    format!("{}{more}", names.join(", "))
}

fn tally(reports: &[Report]) -> String {
    let of = |verdict: Verdict| {
        reports.iter().filter(|report| report.was_run() && report.verdict == verdict).count()
    };
    let not_run = reports.iter().filter(|report| !report.was_run()).count();
    let counts = [
        (of(Verdict::Fail), "failed"),
        (of(Verdict::Inconclusive), "inconclusive"),
        (not_run, "not run"),
        (of(Verdict::Pass), "passed"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    format!("{} scenarios: {}", reports.len(), counts.join(", "))
}
