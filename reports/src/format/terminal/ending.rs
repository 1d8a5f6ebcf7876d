//! The last lines: the verdict once more, and the names of all that did not pass. On a terminal the end is what stays
//! on the screen.

use std::fmt::Write;

use comfy_table::Cell;

use super::{dim, verdict};
use crate::escape;
use crate::figures;
use crate::headline::Headline;
use crate::text::Page;
use crate::{Finding, Report, Verdict};

/// The most names; a screen has some forty lines.
const NAMES_MAX: usize = 20;

/// The lines.
pub(super) fn text(page: Page, report: &Report) -> String {
    let headline = Headline::of(report);
    let word = || verdict(report.verdict, headline.word);
    let mut rows = Vec::new();
    if report.verdict == Verdict::Pass {
        rows.push(vec![word(), Cell::new(&headline.tally)]);
    } else {
        rows.push(vec![word(), Cell::new(&headline.sentence)]);
        rows.extend(headline.remedy.as_ref().map(|remedy| vec![dim("remedy"), Cell::new(remedy)]));
        rows.push(vec![Cell::new(""), Cell::new(&headline.tally)]);
    }
    format!("\n{}{}", page.columns(0, rows), names(page, report))
}

fn names(page: Page, report: &Report) -> String {
    let of = |verdict: Verdict| report.findings.iter().filter(move |finding| finding.verdict == verdict);
    let mut all = of(Verdict::Fail).chain(of(Verdict::Inconclusive));
    let rows: Vec<Vec<Cell>> = all.by_ref().take(NAMES_MAX).map(|finding| name(report, finding)).collect();
    let mut out = if rows.is_empty() { String::new() } else { page.columns_with_whole(2, rows, &[0]) };
    let left_out = all.count() as u64;
    if left_out > 0 {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  and {} more", figures::count(left_out));
    }
    out
}

fn name(report: &Report, finding: &Finding) -> Vec<Cell> {
    let place = finding.line.map(|line| format!("  {}:{line}", escape::plain(&report.scenario_path, 300)));
    let id = escape::plain(&finding.id, 240);
    vec![
        verdict(finding.verdict, &finding.verdict.to_string()),
        Cell::new(format!("{id}{}", place.unwrap_or_default())),
    ]
}
