//! Response times by traffic class and phase, as far as their samples tell.

use std::io;

use comfy_table::{Attribute, Cell, CellAlignment};

use super::dim;
use crate::escape;
use crate::figures;
use crate::text::Page;
use crate::{LatencyRow, Report};

/// The most rows; a page or the JSON has more.
const ROWS_MAX: usize = 40;

/// Writes the table: response times alone, since they are what clients live through.
pub(super) fn write(page: Page, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    // A class that sent nothing in a phase has no times there.
    let measured = || report.latencies.iter().filter(|row| row.time == "response" && row.count > 0);
    if measured().next().is_none() {
        return Ok(());
    }
    let head = ["response time", "n", "p50", "p90", "p99", "p99.9", "max"];
    let head = head.iter().enumerate().map(|(index, title)| number(title, index > 0));
    let head = head.map(|cell| cell.add_attribute(Attribute::Dim)).collect();
    let rows = std::iter::once(head).chain(measured().take(ROWS_MAX).map(row));
    writeln!(out)?;
    out.write_all(page.columns_with_whole(0, rows, &[1, 2, 3, 4, 5, 6]).as_bytes())?;
    let left_out = measured().count().saturating_sub(ROWS_MAX) as u64;
    if left_out > 0 {
        writeln!(out, "and {} more; the JSON report has them all", figures::count(left_out))?;
    }
    if report.simulated {
        let note = "simulated: only faults and timers take time, so that no latency is a measurement";
        out.write_all(page.columns(0, [vec![dim(note)]]).as_bytes())?;
    }
    Ok(())
}

fn row(row: &LatencyRow) -> Vec<Cell> {
    let mut cells = vec![
        Cell::new(format!("{} / {}", escape::name(&row.phase), escape::name(&row.traffic))),
        number(&figures::count(row.count), true),
    ];
    cells.extend(row.quantiles().map(|quantile| number(&figures::told(quantile.ms), true)));
    cells
}

fn number(text: &str, right: bool) -> Cell {
    Cell::new(text).set_alignment(if right { CellAlignment::Right } else { CellAlignment::Left })
}
