//! The closing table of several runs: how each ended, and what decided it.

use comfy_table::{Attribute, Cell, ColumnConstraint};

use super::findings::LINES;
use super::verdict;
use crate::Report;
use crate::escape;
use crate::figures;
use crate::several;
use crate::text::{Page, set};

/// The table, the worst first, and the sentence under it: `2 scenarios: 1 failed, 1 passed`. Nothing for a single run.
pub(super) fn text(page: Page, reports: &[Report]) -> String {
    if reports.len() < 2 {
        return String::new();
    }
    let mut table = page.table();
    table.load_style(LINES);
    let head = ["verdict", "scenario", "file", "gateway", "not passed"];
    table.set_header(head.map(|word| Cell::new(word).add_attribute(Attribute::Dim)));
    for report in several::worst_first(reports) {
        table.add_row(row(report));
    }
    if let Some(column) = table.column_mut(0) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    format!("\n{}{}\n", set(&table, 0), several::tally(reports))
}

fn row(report: &Report) -> Vec<Cell> {
    vec![
        verdict(report.verdict, &several::word(report)),
        Cell::new(escape::name(&report.scenario)),
        Cell::new(escape::plain(&report.scenario_path, 300)),
        Cell::new(figures::gateway(report)),
        Cell::new(several::not_passed(report)),
    ]
}
