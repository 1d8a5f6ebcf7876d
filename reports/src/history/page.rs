//! The history as one page: for each scenario and gateway a row of marks for each finding, a line for each figure, and
//! a table of the runs.

use maud::{Markup, html};

use super::{History, HistoryRun};
use crate::Verdict;
use crate::comparison::html::shell;
use crate::escape;
use crate::figures;
use crate::format::html::badge;

/// The most runs of a group that are drawn, the newest; and the most groups and findings.
const RUNS_MAX: usize = 200;
const GROUPS_MAX: usize = 50;
const FINDINGS_MAX: usize = 100;

/// The most failing findings that are named for a run.
const NAMES_MAX: usize = 10;

/// A drawing's size, in pixels.
const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 28.0;

/// The whole page.
pub(super) fn page(history: &History) -> Markup {
    let directory = escape::plain(&history.directory, 300);
    let groups = groups(&history.runs);
    let body = html! {
        h1 { "Runs in " (directory) }
        p { (tally(history)) }
        p .note { "For each scenario on each gateway: a mark for each run and finding (low and green: pass, in the middle: \
            inconclusive, full height: fail), and a line for each figure." }
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

fn tally(history: &History) -> String {
    let failed = history.runs.iter().filter(|run| run.verdict == Verdict::Fail).count();
    let count = |count: usize| figures::count(count as u64);
    let broken = match history.broken.len() {
        0 => String::new(),
        broken => format!(", {} not readable", count(broken)),
    };
    format!("{} runs, {} failed{broken}.", count(history.runs.len()), count(failed))
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
    html! {
        section {
            h2 { @if let Some(last) = runs.last() { (badge(last.verdict)) " " } (name) }
            p .sub {
                (figures::count(all.len() as u64)) @if all.len() == 1 { " run" } @else { " runs" }
                ", the newest at the right" @if all.len() > runs.len() { "; the newest " (RUNS_MAX) " are shown" }
            }
            (trends(name, runs))
            (table(name, runs))
        }
    }
}

/// A row with a small drawing for each finding and each figure.
fn trends(name: &str, runs: &[&HistoryRun]) -> Markup {
    let mut findings: Vec<&str> = Vec::new();
    for (id, _) in runs.iter().flat_map(|run| &run.findings) {
        if !findings.contains(&id.as_str()) && findings.len() < FINDINGS_MAX {
            findings.push(id);
        }
    }
    let values = |of: fn(&HistoryRun) -> f64| runs.iter().map(|run| of(run)).collect::<Vec<f64>>();
    let percent = |value: f64| format!("{value:.2} %");
    let plain = |value: f64| format!("{value:.2}");
    html! {
        div .wide role="group" aria-label={ "Findings and figures of " (name) } tabindex="0" { table .trends {
            caption { "Findings and figures" }
            thead { tr {
                th scope="col" { "What" } th scope="col" { "Over the runs" } th scope="col" { "Last" } th scope="col" { "In all" }
            } }
            tbody {
                @for id in findings { (marks(id, runs)) }
                (line("requests that succeeded", &values(|run| run.succeeded * 100.0), percent))
                (line("attempts for each request", &values(|run| run.attempts), plain))
                (line("slowest p99 of response time", &values(|run| run.p99_ms.unwrap_or(f64::NAN)), figures::fine))
            }
        } }
    }
}

fn table(name: &str, runs: &[&HistoryRun]) -> Markup {
    html! {
        div .wide role="group" aria-label={ "Runs of " (name) } tabindex="0" { table {
            caption { "The runs, newest last" }
            thead { tr {
                th scope="col" { "Started" } th scope="col" { "Run" } th scope="col" { "Verdict" }
                th .number scope="col" { "Requests" } th .number scope="col" { "Succeeded" }
                th .number scope="col" { "Attempts" } th .number scope="col" { "Slowest p99" } th scope="col" { "Failing" }
            } }
            tbody { @for run in runs { (row(run)) } }
        } }
    }
}

fn row(run: &HistoryRun) -> Markup {
    let failing: Vec<String> = run.failing().take(NAMES_MAX).map(escape::name).collect();
    let more = run.failing().count().saturating_sub(NAMES_MAX);
    html! { tr {
        td .when { (escape::name(&figures::to_the_second(&run.started))) }
        td { (escape::plain(&run.run, 300)) }
        td { (badge(run.verdict)) }
        td .number { (figures::count(run.requests)) }
        td .number { (format!("{:.1} %", run.succeeded * 100.0)) }
        td .number { (format!("{:.2}", run.attempts)) }
        td .number { (figures::told(run.p99_ms)) }
        td { (failing.join(", ")) @if more > 0 { " and " (more) " more" } }
    } }
}

/// Where the run of an index stands.
fn place(index: usize, count: usize) -> f64 {
    6.0 + (WIDTH - 12.0) * (index as f64 + 0.5) / count.max(1) as f64
}

/// A figure over the runs, with its range in words. A run that does not have it is left out of the line.
fn line(what: &str, values: &[f64], words: impl Fn(f64) -> String) -> Markup {
    let known = || values.iter().copied().filter(|value| value.is_finite());
    let low = known().fold(f64::INFINITY, f64::min);
    let high = known().fold(f64::NEG_INFINITY, f64::max);
    let last = values.last().copied().filter(|value| value.is_finite());
    let last = last.map_or_else(|| "–".to_owned(), &words);
    let range =
        if high > low { format!("{} – {}", words(low), words(high)) } else { "always the same".to_owned() };
    let range = if known().count() < 2 { "–".to_owned() } else { range };
    // What never changes lies in the middle.
    let share = |value: f64| if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 };
    let height = |value: f64| HEIGHT - 4.0 - (HEIGHT - 8.0) * share(value);
    let points: Vec<(String, String)> = values
        .iter()
        .enumerate()
        .filter(|(_, value)| value.is_finite())
        .map(|(index, value)| {
            (format!("{:.1}", place(index, values.len())), format!("{:.1}", height(*value)))
        })
        .collect();
    let path: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
    let drawing = html! {
        polyline .line .s0 points=(path.join(" ")) {}
        @for (x, y) in &points { circle .dot cx=(x) cy=(y) r="2.5" {} }
    };
    trend(what, &drawing, &html! { (last) }, &range)
}

/// A finding over the runs: a mark for each verdict, told apart by height as well as by colour.
fn marks(id: &str, runs: &[&HistoryRun]) -> Markup {
    let of =
        |run: &&HistoryRun| run.findings.iter().find(|(name, _)| name == id).map(|(_, verdict)| *verdict);
    let verdicts: Vec<Option<Verdict>> = runs.iter().map(of).collect();
    let count = |wanted: Option<Verdict>| verdicts.iter().filter(|seen| **seen == wanted).count();
    let counts = [
        (count(Some(Verdict::Fail)), "failed"),
        (count(Some(Verdict::Inconclusive)), "inconclusive"),
        (count(Some(Verdict::Pass)), "passed"),
        (count(None), "without it"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let drawing = html! {
        @for (index, verdict) in verdicts.iter().enumerate() {
            @if let Some(verdict) = verdict { (mark(place(index, verdicts.len()), *verdict)) }
        }
    };
    let last = html! { @if let Some(Some(verdict)) = verdicts.last() { (badge(*verdict)) } @else { "–" } };
    trend(&escape::plain(id, 160), &drawing, &last, &counts.join(", "))
}

fn mark(x: f64, verdict: Verdict) -> Markup {
    let (top, height) = match verdict {
        Verdict::Pass => (HEIGHT - 9.0, 6.0),
        Verdict::Inconclusive => (HEIGHT / 2.0 - 5.0, 10.0),
        Verdict::Fail => (2.0, HEIGHT - 4.0),
    };
    html! { rect class={ "mark " (verdict) } x=(format!("{:.1}", x - 2.0)) width="4" y=(top) height=(height) {} }
}

/// A row of the table of trends. The drawing says nothing that the words beside it don't.
fn trend(what: &str, drawing: &Markup, last: &Markup, all: &str) -> Markup {
    html! {
        tr {
            th scope="row" { (what) }
            td { svg .spark viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } width=(WIDTH) height=(HEIGHT) aria-hidden="true" { (drawing) } }
            td { (last) }
            td { (all) }
        }
    }
}
