//! The history as one page: a table of the runs, and for each scenario and gateway a line for each figure and a
//! row of marks for each finding.

use maud::{Markup, html};

use super::{History, HistoryRun};
use crate::Verdict;
use crate::comparison::html::shell;
use crate::escape;
use crate::figures;

/// The most runs of a group that are drawn, the newest; and the most groups and findings.
const RUNS_MAX: usize = 200;
const GROUPS_MAX: usize = 50;
const FINDINGS_MAX: usize = 100;

/// A drawing's size, in units of itself.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 40.0;

/// The whole page.
pub(super) fn page(history: &History) -> Markup {
    let directory = escape::plain(&history.directory, 300);
    let groups = groups(&history.runs);
    let body = html! {
        h1 { "Runs in " (directory) }
        p { (figures::count(history.runs.len() as u64)) " runs, " (figures::count(history.broken.len() as u64)) " not readable." }
        @for (name, runs) in groups.iter().take(GROUPS_MAX) { (group(name, runs)) }
        @if groups.len() > GROUPS_MAX { p { "and " ((groups.len() - GROUPS_MAX)) " more scenarios" } }
        @if !history.broken.is_empty() {
            section .remarks {
                h2 { "Not readable" }
                ul { @for (name, why) in &history.broken { li { (escape::plain(name, 300)) ": " (escape::sentence(why)) } } }
            }
        }
    };
    shell("Runs", &body)
}

/// Runs of one scenario on one gateway, in the order in which they first occur.
fn groups(runs: &[HistoryRun]) -> Vec<(String, Vec<&HistoryRun>)> {
    let mut groups: Vec<(String, Vec<&HistoryRun>)> = Vec::new();
    for run in runs {
        let name = format!("{} on {}", escape::name(&run.scenario), escape::name(&run.gateway));
        match groups.iter_mut().find(|(other, _)| *other == name) {
            Some((_, runs)) => runs.push(run),
            None => groups.push((name, vec![run])),
        }
    }
    groups
}

fn group(name: &str, all: &[&HistoryRun]) -> Markup {
    let runs = &all[all.len().saturating_sub(RUNS_MAX)..];
    let mut findings: Vec<&str> = Vec::new();
    for (id, _) in runs.iter().flat_map(|run| &run.findings) {
        if !findings.contains(&id.as_str()) && findings.len() < FINDINGS_MAX {
            findings.push(id);
        }
    }
    let values = |of: fn(&HistoryRun) -> f64| runs.iter().map(|run| of(run)).collect::<Vec<f64>>();
    let lines = [
        ("succeeded", values(|run| run.succeeded * 100.0), "%"),
        ("attempts for each request", values(|run| run.attempts), ""),
        ("slowest p99", values(|run| run.p99_ms), "ms"),
    ];
    html! {
        section {
            h2 { (name) }
            @for (what, values, unit) in &lines { (line(what, values, unit)) }
            @for id in findings { (marks(id, runs)) }
            div .wide tabindex="0" { table {
                caption { "The runs, newest last" }
                thead { tr {
                    th scope="col" { "started" } th scope="col" { "run" } th scope="col" { "verdict" }
                    th .number scope="col" { "requests" } th .number scope="col" { "succeeded" }
                    th .number scope="col" { "attempts" } th .number scope="col" { "p99" } th scope="col" { "failing" }
                } }
                tbody { @for run in runs { (row(run)) } }
            } }
        }
    }
}

fn row(run: &HistoryRun) -> Markup {
    let failing: Vec<String> = run.failing().take(10).map(escape::name).collect();
    html! { tr {
        td { (escape::name(figures::to_the_second(&run.started))) }
        td { (escape::plain(&run.run, 300)) }
        td { (run.verdict) }
        td .number { (figures::count(run.requests)) }
        td .number { (format!("{:.1} %", run.succeeded * 100.0)) }
        td .number { (format!("{:.2}", run.attempts)) }
        td .number { (figures::ms(run.p99_ms)) }
        td { (failing.join(", ")) }
    } }
}

/// Where the run of an index stands.
fn place(index: usize, count: usize) -> f64 {
    8.0 + (WIDTH - 16.0) * (index as f64 + 0.5) / count.max(1) as f64
}

/// A figure over the runs, with its range in words.
fn line(what: &str, values: &[f64], unit: &str) -> Markup {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let last = values.last().copied().unwrap_or(0.0);
    let height = |value: f64| {
        HEIGHT - 6.0 - (HEIGHT - 12.0) * ((value - low) / (high - low).max(1e-9)).clamp(0.0, 1.0)
    };
    let points: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(index, value)| format!("{:.1},{:.1}", place(index, values.len()), height(*value)))
        .collect();
    let words = format!("{what}: {last:.2} {unit} in the last run, {low:.2} to {high:.2} {unit} in all");
    html! {
        figure {
            figcaption { (words) }
            div .wide tabindex="0" { svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(words) {
                polyline fill="none" stroke="#0072b2" stroke-width="2" points=(points.join(" ")) {}
                @for (index, value) in values.iter().enumerate() {
                    circle cx=(format!("{:.1}", place(index, values.len()))) cy=(format!("{:.1}", height(*value))) r="2.5" fill="#0072b2" {}
                }
            } }
        }
    }
}

/// A finding over the runs: a mark for each verdict, told apart by height and shape as well as by colour.
fn marks(id: &str, runs: &[&HistoryRun]) -> Markup {
    let verdicts: Vec<Option<Verdict>> = runs
        .iter()
        .map(|run| run.findings.iter().find(|(name, _)| name == id).map(|(_, verdict)| *verdict))
        .collect();
    let count = |verdict| verdicts.iter().filter(|seen| **seen == Some(verdict)).count();
    let words = format!(
        "{}: {} passed, {} failed, {} inconclusive, {} without it",
        escape::plain(id, 160),
        count(Verdict::Pass),
        count(Verdict::Fail),
        count(Verdict::Inconclusive),
        verdicts.iter().filter(|seen| seen.is_none()).count()
    );
    let mark = |index: usize, verdict: Verdict| {
        let x = place(index, verdicts.len());
        let (top, height, colour) = match verdict {
            Verdict::Pass => (24.0, 10.0, "#009e73"),
            Verdict::Inconclusive => (15.0, 10.0, "#56b4e9"),
            Verdict::Fail => (4.0, 32.0, "#d55e00"),
        };
        html! {
            rect x=(format!("{:.1}", x - 1.5)) width="3" y=(top) height=(height) fill=(colour) { title { (verdict) } }
        }
    };
    html! {
        figure {
            figcaption { (words) }
            div .wide tabindex="0" { svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(words) {
                @for (index, verdict) in verdicts.iter().enumerate() {
                    @if let Some(verdict) = verdict { (mark(index, *verdict)) }
                }
            } }
        }
    }
}
