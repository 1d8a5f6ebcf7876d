//! What the gateway said of itself beside the record, one line each.

use comfy_table::Cell;

use super::dim;
use crate::text::Page;
use crate::{CounterRow, Report, escape};

/// The lines; nothing where its metrics were not scraped.
pub(super) fn lines(page: Page, report: &Report) -> String {
    let Some(metrics) = &report.metrics else { return String::new() };
    let row = |counter: &CounterRow| {
        vec![dim(""), Cell::new(escape::name(&counter.what)), Cell::new(counter.words())]
    };
    let first = vec![dim("metrics"), Cell::new("scraped"), Cell::new(metrics.words())];
    format!("\n{}", page.columns(0, std::iter::once(first).chain(metrics.counters.iter().map(row))))
}
