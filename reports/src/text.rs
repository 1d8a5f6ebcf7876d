//! Columns of text and little timelines, for the terminal and for the formats that carry plain text.

use std::fmt::Write;

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, Width};

use crate::figures;
use crate::timeline::{Bar, Timeline};

/// How text is set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    /// Columns of the page.
    pub(crate) width: u16,
    /// True if cells may be coloured.
    pub(crate) colour: bool,
}

impl Page {
    /// A page for text that is stored: wide, and without colour.
    pub(crate) const PLAIN: Page = Page { width: 120, colour: false };

    /// An empty table that fits the page.
    pub(crate) fn table(self) -> Table {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(self.width);
        if self.colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        table
    }

    /// Rows in columns without lines, indented, each line ended and none with trailing spaces.
    pub(crate) fn columns(self, indent: usize, rows: impl IntoIterator<Item = Vec<Cell>>) -> String {
        self.columns_with_whole(indent, rows, &[])
    }

    /// The same, with columns whose cells are never broken into lines, as long as the others leave room.
    pub(crate) fn columns_with_whole(
        self,
        indent: usize,
        rows: impl IntoIterator<Item = Vec<Cell>>,
        whole: &[usize],
    ) -> String {
        let mut table = Page { width: self.width.saturating_sub(indent as u16).max(20), ..self }.table();
        for row in rows {
            table.add_row(Row::from(row));
        }
        for column in whole {
            if let Some(column) = table.column_mut(*column) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        unpad(&mut table);
        set(&table, indent)
    }

    /// A timeline: the client's bar and a bar an attempt, drawn to scale, each with how it went.
    pub(crate) fn timeline(self, indent: usize, timeline: &Timeline) -> String {
        let page = Page { width: self.width.saturating_sub(indent as u16).max(20), ..self };
        let mut out =
            if page.width < NARROW { page.stacked(indent, timeline) } else { page.beside(indent, timeline) };
        if timeline.left_out > 0 {
            let left_out = figures::count(timeline.left_out as u64);
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{:indent$}and {left_out} more attempts", "");
        }
        out
    }

    /// Label, bar and words beside each other.
    fn beside(self, indent: usize, timeline: &Timeline) -> String {
        let cells = usize::from((self.width / 3).min(60));
        let mut table = self.table();
        for bar in &timeline.bars {
            table.add_row(vec![
                Cell::new(&bar.label),
                Cell::new(drawing(timeline, bar, cells)),
                Cell::new(stretch(bar)).set_alignment(CellAlignment::Right),
                Cell::new(words(timeline, bar)),
            ]);
        }
        unpad(&mut table);
        if let Some(column) = table.column_mut(1) {
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(cells as u16 + 2)));
        }
        set(&table, indent)
    }

    /// The words under each bar, where there is no room beside it.
    fn stacked(self, indent: usize, timeline: &Timeline) -> String {
        let cells = usize::from(self.width).saturating_sub(24).max(8);
        let mut out = String::new();
        for bar in &timeline.bars {
            let drawing = drawing(timeline, bar, cells);
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{:indent$}{drawing}  {}", "", stretch(bar));
            let page = Page { width: self.width + indent as u16, ..self };
            let said = format!("{}: {}", bar.label, words(timeline, bar));
            out.push_str(&page.columns(indent + 2, [vec![Cell::new(said)]]));
        }
        out
    }
}

/// On fewer columns than this, words stand under their bar.
const NARROW: u16 = 96;

/// Sets a table, indented, without trailing spaces, each line ended.
pub(crate) fn set(table: &Table, indent: usize) -> String {
    let mut out = String::new();
    for line in table.lines() {
        let line = line.trim_end();
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

fn unpad(table: &mut Table) {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
}

/// `1.25 – 301.2 ms`: the unit stands at the end, and once is enough where both have the same.
fn stretch(bar: &Bar) -> String {
    let (from, to) = (figures::ms(bar.from_ms), figures::ms(bar.to_ms));
    let from = if to.ends_with(" ms") { from.trim_end_matches(" ms") } else { &from };
    format!("{from} – {to}")
}

/// A bar in block characters: `·` for the track, `░` for the wait before the request was sent, `█` for the bar,
/// `▒` where something happened in it.
fn drawing(timeline: &Timeline, bar: &Bar, cells: usize) -> String {
    let cell = |at_ms: f64| ((timeline.place(at_ms) * cells as f64) as usize).min(cells - 1);
    // An end on the edge between two cells belongs to the first.
    let last = |at_ms: f64| ((timeline.place(at_ms) * cells as f64).ceil() as usize).clamp(1, cells) - 1;
    let (from, to) = (cell(bar.from_ms), last(bar.to_ms).max(cell(bar.from_ms)));
    let mut track = vec!['·'; cells];
    if bar.gap.is_none() && timeline.due_ms < 0.0 {
        track[cell(timeline.due_ms)..from].fill('░');
    }
    track[from..=to].fill('█');
    for (at_ms, _) in &bar.events {
        track[cell(*at_ms)] = '▒';
    }
    track.into_iter().collect()
}

fn words(timeline: &Timeline, bar: &Bar) -> String {
    let mut words = vec![bar.ended.clone()];
    if !bar.faults.is_empty() {
        words.push(format!("fault: {}", bar.faults.join(", ")));
    }
    words.extend(bar.events.iter().map(|(at_ms, what)| format!("{what} at {}", figures::ms(*at_ms))));
    match &bar.gap {
        Some(gap) => words.push(gap.words.clone()),
        None if timeline.due_ms < 0.0 => words.push(format!("due {} earlier", figures::ms(-timeline.due_ms))),
        None => {}
    }
    words.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_timeline_is_drawn_to_scale() {
        insta::assert_snapshot!(Page::PLAIN.timeline(2, &Timeline::of(&sample::witness())), @r"
        client       ░██████████████████████████████████████   0.00 – 412.5 ms  answered 200 · due 12.5 ms earlier
        orders-a #1  ·███████████████████████████▒··········   1.25 – 301.2 ms  replied 503 · fault: status 503, latency 300
                                                                                ms · answer written at 301.0 ms · 1.25 ms
                                                                                after the request was sent
        orders-b #2  ······································█  402.8 – 411.5 ms  replied 200 · 101.5 ms after #1 ended
        ");
    }

    #[test]
    fn a_timeline_fits_a_narrow_page() {
        let page = Page { width: 60, colour: false };
        insta::assert_snapshot!(page.timeline(0, &Timeline::of(&sample::witness())), @r"
        ░███████████████████████████████████  0.00 – 412.5 ms
          client: answered 200 · due 12.5 ms earlier
        ·█████████████████████████▒·········  1.25 – 301.2 ms
          orders-a #1: replied 503 · fault: status 503, latency
          300 ms · answer written at 301.0 ms · 1.25 ms after the
          request was sent
        ···································█  402.8 – 411.5 ms
          orders-b #2: replied 200 · 101.5 ms after #1 ended
        ");
    }

    #[test]
    fn a_witness_without_attempts_is_a_client_alone() {
        let mut witness = sample::witness();
        witness.attempts.clear();
        witness.lag_ms = 0.0;
        witness.client.to_ms = witness.client.from_ms;
        insta::assert_snapshot!(Page::PLAIN.timeline(0, &Timeline::of(&witness)), @"client  █·······································  0.00 – 0.00 ms  answered 200");
    }
}
