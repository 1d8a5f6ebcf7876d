//! The history as a table on a terminal.

use comfy_table::{Attribute, Cell, CellAlignment, Color};

use super::{History, HistoryRun};
use crate::Verdict;
use crate::escape;
use crate::figures;
use crate::format::Options;
use crate::text::Page;

/// The most failing findings that are named for a run.
const NAMES_MAX: usize = 3;

/// The whole text.
pub(super) fn text(history: &History, options: Options) -> String {
    let page = Page { width: options.width.clamp(40, 240), colour: options.colour };
    if history.runs.is_empty() && history.broken.is_empty() {
        return format!("no runs in {}\n", escape::plain(&history.directory, 300));
    }
    let head = ["started", "scenario", "gateway", "verdict", "requests", "ok", "attempts", "p99", "failing"];
    let head = head.map(|word| Cell::new(word).add_attribute(Attribute::Dim)).to_vec();
    let mut out = page.columns(0, std::iter::once(head).chain(history.runs.iter().map(row)));
    if !history.broken.is_empty() {
        out += "\nnot readable\n";
        let rows = history.broken.iter();
        out += &page.columns(
            2,
            rows.map(|(name, why)| {
                vec![Cell::new(escape::plain(name, 300)), Cell::new(escape::sentence(why))]
            }),
        );
    }
    out
}

fn row(run: &HistoryRun) -> Vec<Cell> {
    let colour = match run.verdict {
        Verdict::Pass => Color::Green,
        Verdict::Inconclusive => Color::Yellow,
        Verdict::Fail => Color::Red,
    };
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    vec![
        Cell::new(escape::name(figures::to_the_second(&run.started))),
        Cell::new(escape::name(&run.scenario)),
        Cell::new(escape::name(&run.gateway)),
        Cell::new(run.verdict.to_string()).fg(colour),
        right(figures::count(run.requests)),
        right(format!("{:.1} %", run.succeeded * 100.0)),
        right(format!("{:.2}", run.attempts)),
        right(figures::ms(run.p99_ms)),
        Cell::new(failing(run)),
    ]
}

fn failing(run: &HistoryRun) -> String {
    let names: Vec<String> = run.failing().take(NAMES_MAX).map(escape::name).collect();
    let more = run.failing().count().saturating_sub(NAMES_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.join(", "))
}
