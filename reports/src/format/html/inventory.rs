//! The tables: figures by phase and traffic class, what was injected, and what took part.

use maud::{Markup, html};

use super::percentiles;
use crate::escape;
use crate::figures;
use crate::{CounterRow, Report, TrafficRow};

/// The most rows of a table.
const ROWS_MAX: usize = 500;

/// A table's head: each column's title, and true where it holds figures.
type Head<'a> = &'a [(&'a str, bool)];

/// Phases, traffic classes and latencies.
pub(super) fn figures(report: &Report) -> Markup {
    html! {
        section #figures {
            h2 { "Latency and traffic" }
            @if report.simulated {
                p .note { "Simulated: only faults and timers take time here, so that no latency is a measurement." }
            }
            (percentiles::charts(report))
            (latencies(report))
            (phases(report))
            (traffic(report))
        }
    }
}

/// The planned faults with how often they fired, and the backends.
pub(super) fn proof(report: &Report) -> Markup {
    html! {
        section #injections {
            h2 { "Proof of injection, and inventory" }
            (injections(report))
            (backends(report))
            (metrics(report))
        }
    }
}

/// What the gateway said of itself beside the record; nothing where its metrics were not scraped.
fn metrics(report: &Report) -> Markup {
    let Some(metrics) = &report.metrics else { return html! {} };
    let row = |counter: &CounterRow| {
        vec![escape::name(&counter.what), counter.words(), escape::plain(&counter.series, 300)]
    };
    let head = [("Counter", false), ("By its own word", false), ("Series", false)];
    html! {
        p .note { "The gateway's own metrics: " (metrics.words()) "." }
        (table("Metrics of the gateway", &head, metrics.counters.iter().take(ROWS_MAX).map(row).collect()))
    }
}

fn phases(report: &Report) -> Markup {
    let head =
        [("Phase", false), ("Time", true), ("Exchanges", true), ("Succeeded", true), ("Attempts", true)];
    let rows = report.phases.iter().map(|phase| {
        vec![
            escape::name(&phase.name),
            format!("{} – {}", figures::seconds(phase.from_s), figures::seconds(phase.to_s)),
            figures::count(phase.exchanges),
            figures::percent(phase.succeeded, phase.exchanges),
            figures::count(phase.attempts),
        ]
    });
    table("Phases", &head, rows.collect())
}

fn traffic(report: &Report) -> Markup {
    let head = [
        ("Traffic", false),
        ("Request", false),
        ("Mode", false),
        ("Exchanges", true),
        ("Skipped", true),
        ("Outcomes", false),
        ("Statuses", false),
        ("Lag p50", true),
        ("Lag p99", true),
    ];
    table("Traffic", &head, report.traffic.iter().map(traffic_row).collect())
}

fn traffic_row(class: &TrafficRow) -> Vec<String> {
    let outcomes = class.outcomes.iter().take(8);
    let outcomes: Vec<String> = outcomes
        .map(|(outcome, count)| format!("{} {}", figures::count(*count), escape::name(outcome)))
        .collect();
    let statuses = class.statuses.iter().take(8);
    let statuses: Vec<String> = statuses
        .map(|(status, count)| match status {
            0 => format!("{} × none", figures::count(*count)),
            _ => format!("{} × {status}", figures::count(*count)),
        })
        .collect();
    let mut cells = vec![
        escape::name(&class.name),
        escape::name(&class.request),
        escape::name(&class.mode),
        figures::count(class.exchanges),
        figures::count(class.skipped),
        outcomes.join(", "),
        statuses.join(", "),
    ];
    cells.extend(class.lags().map(figures::told));
    cells
}

fn latencies(report: &Report) -> Markup {
    let head = [
        ("Traffic", false),
        ("Phase", false),
        ("Time", false),
        ("n", true),
        ("p50", true),
        ("p90", true),
        ("p99", true),
        ("p99.9", true),
        ("Max", true),
    ];
    // A class that sent nothing in a phase has no times there.
    let rows = report.latencies.iter().filter(|row| row.count > 0).map(|row| {
        let mut cells = vec![
            escape::name(&row.traffic),
            escape::name(&row.phase),
            escape::name(&row.time),
            figures::count(row.count),
        ];
        cells.extend(row.quantiles().map(|quantile| figures::told(quantile.ms)));
        cells
    });
    table("Latency: response time (done − due) and service time (done − sent)", &head, rows.collect())
}

fn injections(report: &Report) -> Markup {
    let head = [
        ("Phase", false),
        ("Fault", false),
        ("Settings", false),
        ("Backends", false),
        ("Fired", true),
        ("Delays late by, p99", true),
    ];
    let rows = report.injections.iter().map(|injection| {
        vec![
            escape::name(&injection.phase),
            escape::name(&injection.fault),
            escape::plain(&injection.settings, 240),
            escape::plain(&injection.backends.join(", "), 240),
            if injection.fired == 0 { "never".to_owned() } else { figures::count(injection.fired) },
            injection.delay_error_p99_ms.map_or_else(|| "–".to_owned(), figures::fine),
        ]
    });
    table("Planned faults, and how often each was seen to fire", &head, rows.collect())
}

fn backends(report: &Report) -> Markup {
    let head = [
        ("Backend", false),
        ("Address", false),
        ("Weight", true),
        ("Priority", true),
        ("Attempts", true),
        ("Failed by it", true),
        ("Connections", true),
        ("Health probes", true),
    ];
    let rows = report.backends.iter().map(|backend| {
        let planned = report.inventory.backends.iter().find(|item| item.name == backend.name);
        let address = planned.and_then(|item| item.address.as_deref());
        let number = |number: Option<u32>| number.map_or_else(|| "–".to_owned(), |number| number.to_string());
        let mut cells = vec![
            escape::name(&backend.name),
            address.map_or_else(|| "not on record".to_owned(), escape::name),
            number(planned.map(|item| item.weight)),
            number(planned.map(|item| item.priority)),
        ];
        cells.extend(
            [backend.attempts, backend.failed, backend.connections, backend.probes].map(figures::count),
        );
        cells
    });
    table("Backends", &head, rows.collect())
}

/// A table that can be scrolled by keyboard where it is wider than the page.
pub(super) fn table(caption: &str, head: Head<'_>, rows: Vec<Vec<String>>) -> Markup {
    if rows.is_empty() {
        return html! { p .missing { (caption) ": there are none on record." } };
    }
    let left_out = rows.len().saturating_sub(ROWS_MAX) as u64;
    html! {
        div .wide role="group" aria-label=(caption) tabindex="0" {
            table {
                caption { (caption) }
                thead { tr { @for (title, number) in head { th scope="col" class=[number.then_some("number")] { (title) } } } }
                tbody {
                    @for row in rows.into_iter().take(ROWS_MAX) {
                        tr { @for (cell, (_, number)) in row.iter().zip(head) { td class=[number.then_some("number")] { (cell) } } }
                    }
                }
            }
            @if left_out > 0 { p { "and " (figures::count(left_out)) " more" } }
        }
    }
}
