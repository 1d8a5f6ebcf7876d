//! What the evidence shows and no expectation asks about.

use std::io;

use comfy_table::Cell;

use super::{WITNESSES_MAX, dim};
use crate::figures;
use crate::text::Page;
use crate::timeline::Timeline;
use crate::unasked::{ITEMS_MAX, TITLE, place, what};
use crate::{Report, Witness};

/// Writes the section, unless there is nothing.
pub(super) fn write(page: Page, report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    if report.unasked.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{TITLE}")?;
    for seen in report.unasked.iter().take(ITEMS_MAX) {
        out.write_all(page.columns(2, [vec![dim(&place(seen)), Cell::new(what(seen))]]).as_bytes())?;
        witnesses(page, seen.witnesses.iter().take(1), out)?;
    }
    let left_out = report.unasked.len().saturating_sub(ITEMS_MAX) as u64;
    if left_out > 0 {
        writeln!(out, "and {} more; the JSON report has them all", figures::count(left_out))?;
    }
    Ok(())
}

/// Writes the timelines of a few witnesses.
pub(super) fn witnesses<'a>(
    page: Page,
    witnesses: impl Iterator<Item = &'a Witness>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    for witness in witnesses.take(WITNESSES_MAX) {
        let timeline = Timeline::of(witness);
        writeln!(out, "\n  {}", timeline.title)?;
        out.write_all(page.timeline(2, &timeline).as_bytes())?;
    }
    Ok(())
}
