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

/// Columns that are hard to read in pieces: all but names.
const WHOLE: [usize; 6] = [0, 1, 3, 4, 5, 6];

/// On fewer columns, everything gives way.
const NARROW: u16 = 90;

/// The whole text: a table for each scenario, since only runs of one can be held against each other.
pub(super) fn text(history: &History, options: Options) -> String {
    let page = Page { width: options.width.clamp(40, 240), colour: options.colour };
    if history.runs.is_empty() && history.broken.is_empty() {
        return format!("no runs in {}\n", escape::plain(&history.directory, 300));
    }
    let mut sections = Vec::new();
    for scenario in scenarios(history) {
        let runs = history.runs.iter().filter(|run| run.scenario == scenario);
        sections.push(format!("{}\n{}", escape::name(scenario), table(page, runs)));
    }
    if !history.broken.is_empty() {
        let broken = |(name, why): &(String, String)| {
            vec![Cell::new(escape::plain(name, 300)), Cell::new(escape::sentence(why))]
        };
        sections.push(format!("not readable\n{}", page.columns(2, history.broken.iter().map(broken))));
    }
    sections.join("\n")
}

/// The scenarios in the order in which they were first run.
fn scenarios(history: &History) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for run in &history.runs {
        if !names.contains(&run.scenario.as_str()) {
            names.push(&run.scenario);
        }
    }
    names
}

fn table<'a>(page: Page, runs: impl Iterator<Item = &'a HistoryRun>) -> String {
    let head = ["started", "verdict", "gateway", "requests", "ok", "attempts", "p99", "failing"];
    let head = head.map(|word| Cell::new(word).add_attribute(Attribute::Dim)).to_vec();
    let rows = std::iter::once(head).chain(runs.map(row));
    page.columns_with_whole(2, rows, if page.width < NARROW { &[] } else { &WHOLE })
}

fn row(run: &HistoryRun) -> Vec<Cell> {
    let colour = match run.verdict {
        Verdict::Pass => Color::Green,
        Verdict::Inconclusive => Color::Yellow,
        Verdict::Fail => Color::Red,
    };
    let right = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    vec![
        Cell::new(escape::name(&figures::to_the_second(&run.started))),
        Cell::new(run.verdict.to_string()).fg(colour),
        Cell::new(escape::name(&run.gateway)),
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
