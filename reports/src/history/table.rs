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

/// The titles of the columns.
const HEAD: [&str; 8] = ["started", "verdict", "gateway", "requests", "ok", "attempts", "p99", "failing"];

/// The columns that give way first, where there is no room for all: names stand under the table then.
const NAMES: usize = 7;
const LESS: [usize; 3] = [3, 5, NAMES];

/// Columns of figures.
const FIGURES: std::ops::Range<usize> = 3..NAMES;

/// The room between two columns, and before the first.
const GAP: usize = 2;

/// The whole text: a table for each scenario, since only runs of one can be held against each other.
pub(super) fn text(history: &History, options: Options) -> String {
    let page = Page { width: options.width.clamp(40, 240), colour: options.colour };
    if history.runs.is_empty() && history.broken.is_empty() {
        return format!("no runs in {}\n", escape::plain(&history.directory, 300));
    }
    let mut sections = Vec::new();
    for scenario in scenarios(history) {
        let runs: Vec<&HistoryRun> = history.runs.iter().filter(|run| run.scenario == scenario).collect();
        sections.push(format!("{}\n{}", escape::name(scenario), table(page, &runs)));
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

/// No word is broken: what does not fit beside the rest stands under it, or is left out.
fn table(page: Page, runs: &[&HistoryRun]) -> String {
    let rows: Vec<[String; 8]> = runs.iter().map(|run| row(run)).collect();
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([HEAD[column].len()]).max().unwrap_or(0) + GAP
        })
        .collect();
    let fits = |columns: &[usize]| {
        GAP + columns.iter().map(|column| widths[*column]).sum::<usize>() <= usize::from(page.width) + GAP
    };
    let all: Vec<usize> = (0..HEAD.len()).collect();
    let without_names: Vec<usize> = (0..NAMES).collect();
    let least: Vec<usize> = all.iter().copied().filter(|column| !LESS.contains(column)).collect();
    let columns = [all, without_names, least.clone()].into_iter().find(|columns| fits(columns));
    let columns = columns.unwrap_or(least);
    let head = columns.iter().map(|column| cell(*column, HEAD[*column]).add_attribute(Attribute::Dim));
    let head = std::iter::once(head.collect());
    let body = runs.iter().zip(&rows).map(|(run, row)| {
        columns.iter().map(|column| coloured(run, *column, cell(*column, &row[*column]))).collect()
    });
    let whole: Vec<usize> = if fits(&columns) { (0..columns.len()).collect() } else { Vec::new() };
    let mut out = page.columns_with_whole(GAP, head.chain(body), &whole);
    if !columns.contains(&NAMES) {
        out.push_str(&below(page, runs, &rows));
    }
    out
}

/// The failing findings of each run that has any, a line each.
fn below(page: Page, runs: &[&HistoryRun], rows: &[[String; 8]]) -> String {
    let mut lines = Vec::new();
    for (run, row) in runs.iter().zip(rows) {
        let mut started = row[0].as_str();
        for name in names(run) {
            lines.push(vec![Cell::new(started).add_attribute(Attribute::Dim), Cell::new(name)]);
            started = "";
        }
    }
    if lines.is_empty() { String::new() } else { format!("\n  failing\n{}", page.columns(GAP, lines)) }
}

fn cell(column: usize, text: &str) -> Cell {
    let right = FIGURES.contains(&column);
    Cell::new(text).set_alignment(if right { CellAlignment::Right } else { CellAlignment::Left })
}

fn coloured(run: &HistoryRun, column: usize, cell: Cell) -> Cell {
    match (column, run.verdict) {
        (1, Verdict::Pass) => cell.fg(Color::Green),
        (1, Verdict::Inconclusive) => cell.fg(Color::Yellow),
        (1, Verdict::Fail) => cell.fg(Color::Red),
        _ => cell,
    }
}

fn row(run: &HistoryRun) -> [String; 8] {
    [
        escape::name(&figures::to_the_second(&run.started)),
        run.verdict.to_string(),
        escape::name(&run.gateway),
        figures::count(run.requests),
        format!("{:.1} %", run.succeeded * 100.0),
        format!("{:.2}", run.attempts),
        figures::told(run.p99_ms),
        names(run).join(", "),
    ]
}

fn names(run: &HistoryRun) -> Vec<String> {
    let mut names: Vec<String> = run.failing().take(NAMES_MAX).map(escape::name).collect();
    let more = run.failing().count().saturating_sub(NAMES_MAX);
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn shown(width: u16) -> String {
        let mut first = HistoryRun::of(&sample::report());
        first.gateway = "nginx 1.22.1".to_owned();
        let second =
            HistoryRun { p99_ms: None, verdict: Verdict::Pass, findings: Vec::new(), ..first.clone() };
        let history = History { directory: "runs".to_owned(), runs: vec![first, second], broken: Vec::new() };
        text(&history, Options { colour: false, width })
    }

    #[test]
    fn names_stand_beside_the_figures_where_there_is_room() {
        insta::assert_snapshot!(shown(140), @r"
        one backend answers 503
          started               verdict  gateway       requests      ok  attempts       p99  failing
          2026-01-09T10:22:00Z  fail     nginx 1.22.1      8250  99.9 %      1.30  300.5 ms  brownout/writes/no_replay, brownout/policy
          2026-01-09T10:22:00Z  pass     nginx 1.22.1      8250  99.9 %      1.30         –
        ");
    }

    #[test]
    fn names_stand_under_the_figures_where_there_is_none() {
        insta::assert_snapshot!(shown(100), @r"
        one backend answers 503
          started               verdict  gateway       requests      ok  attempts       p99
          2026-01-09T10:22:00Z  fail     nginx 1.22.1      8250  99.9 %      1.30  300.5 ms
          2026-01-09T10:22:00Z  pass     nginx 1.22.1      8250  99.9 %      1.30         –

          failing
          2026-01-09T10:22:00Z  brownout/writes/no_replay
                                brownout/policy
        ");
    }

    #[test]
    fn no_word_is_broken_on_any_usual_terminal() {
        for width in [72, 80, 90, 100, 120, 200] {
            let text = shown(width);
            for word in ["2026-01-09T10:22:00Z", "brownout/writes/no_replay", "nginx 1.22.1"] {
                assert!(text.contains(word), "{width}: {word}\n{text}");
            }
            let widest = text.lines().map(|line| line.chars().count()).max();
            assert!(widest <= Some(usize::from(width)), "{width}\n{text}");
        }
    }
}
