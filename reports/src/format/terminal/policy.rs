//! The declared policy against the observed one, key by key.

use std::io;

use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint};

use super::findings::LINES;
use super::verdict;
use crate::figures;
use crate::policy::{HEADER, ROWS_MAX, cells, findings, title};
use crate::text::{Page, set};
use crate::{Finding, Report};

/// Writes a table for each finding that has one.
pub(super) fn write(page: Page, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    for finding in findings(report) {
        writeln!(out, "\n{}", title(finding))?;
        out.write_all(table(page, report, finding).as_bytes())?;
        let left_out = finding.policy.len().saturating_sub(ROWS_MAX) as u64;
        if left_out > 0 {
            writeln!(out, "and {} more keys; the JSON report has them all", figures::count(left_out))?;
        }
    }
    Ok(())
}

fn table(page: Page, report: &Report, finding: &Finding) -> String {
    let mut table = page.table();
    table.load_style(LINES);
    let head = std::iter::once("verdict").chain(HEADER);
    table.set_header(head.map(|word| Cell::new(word).add_attribute(Attribute::Dim)));
    for row in finding.policy.iter().take(ROWS_MAX) {
        let [key, declared, observed, exposures, place, because] = cells(report, row);
        table.add_row(vec![
            verdict(row.verdict, &row.verdict.to_string()),
            Cell::new(key),
            Cell::new(declared),
            Cell::new(observed),
            Cell::new(exposures).set_alignment(CellAlignment::Right),
            Cell::new(place),
            Cell::new(because),
        ]);
    }
    // A broken verdict, key or figure is hard to read.
    for index in [0, 1, 4] {
        if let Some(column) = table.column_mut(index) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    set(&table, 0)
}
