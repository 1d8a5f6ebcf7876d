//! The table of findings.

use std::io;

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint, LineStyle, TableStyle};

use super::verdict;
use crate::escape;
use crate::figures;
use crate::grounds;
use crate::text::{Page, set};
use crate::{Finding, Report};

/// The most findings in the table. Scenarios have dozens; the JSON has them all.
const ROWS_MAX: usize = 500;

/// The longest text in a cell, in characters.
const CELL_MAX: usize = 240;

const HEADER: [&str; 7] = ["verdict", "expectation", "phase / traffic", "observed", "expected", "n", "cases"];

/// Writes the table, in the order of the scenario's expectations.
pub(super) fn write(page: Page, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    if report.findings.is_empty() {
        return Ok(());
    }
    let mut table = page.table();
    table.load_style(LINES);
    table.set_header(HEADER.map(|word| Cell::new(word).add_attribute(Attribute::Dim)));
    for finding in report.findings.iter().take(ROWS_MAX) {
        table.add_row(row(finding));
    }
    // The first and the last columns are short, and a broken word or figure there is hard to read.
    for index in [0, HEADER.len() - 2, HEADER.len() - 1] {
        if let Some(column) = table.column_mut(index) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    writeln!(out)?;
    out.write_all(set(&table, 0).as_bytes())?;
    if report.findings.len() > ROWS_MAX {
        writeln!(out, "and {} more findings", figures::count((report.findings.len() - ROWS_MAX) as u64))?;
    }
    Ok(())
}

/// Lines above and below, and one under the header.
pub(super) const LINES: TableStyle = UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());

fn row(finding: &Finding) -> Vec<Cell> {
    let traffic = finding
        .traffic
        .as_deref()
        .map_or_else(String::new, |traffic| format!(" / {}", escape::name(traffic)));
    vec![
        verdict(finding.verdict, &finding.verdict.to_string()),
        Cell::new(escape::name(&finding.expectation)),
        Cell::new(format!("{}{traffic}", escape::name(&finding.phase))),
        Cell::new(observed(finding)),
        Cell::new(escape::plain(&finding.expected, CELL_MAX)),
        right(finding.observations),
        right(finding.exposures),
    ]
}

fn right(count: u64) -> Cell {
    Cell::new(figures::count(count)).set_alignment(CellAlignment::Right)
}

/// What was seen, with the first figure and its interval where there is one.
fn observed(finding: &Finding) -> String {
    let seen = escape::plain(&finding.observed, CELL_MAX);
    match finding.estimates.first() {
        Some(estimate) => format!("{seen}\n{}", grounds::figure(estimate)),
        None => seen,
    }
}
