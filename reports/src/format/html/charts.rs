//! The run over time: charts with one shared time axis, fault windows and phases behind all of them.

use maud::{Markup, html};

use super::axis::{Time, Unit, short};
use super::plot::{Chart, LOW, Line, Run, TALL};
use super::{heat, strips};
use crate::{CountLine, Report, Series};

/// The most lines of a chart.
const LINES_MAX: usize = 16;

/// The styles of the outcomes, in the order in which the judge lists them: success is green, as everywhere.
const OUTCOME_STYLES: [usize; 5] = [2, 1, 3, 0, 4];

/// The section of charts.
pub(super) fn section(report: &Report) -> Markup {
    let Some(run) = Run::of(report) else {
        return html! {
            section #time {
                h2 { "The run over time" }
                p .missing { "There is nothing to draw: the report has no series, because nothing was recorded or because \
                    it was written without." }
            }
        };
    };
    html! {
        section #time {
            h2 { "The run over time" }
            p .note {
                "Bins of " (short(report.series.bin_s * 1e3, Unit::Millis)) ". Requests count when they were due, attempts \
                when they arrived. Shaded: a fault is in force. Dashed lines: a phase begins."
            }
            div #readout .readout {
                p #moment .moment { "The values at a moment need the page's script; the tables have them all." }
                div #stretch .stretch aria-live="polite" {}
            }
            (strips::faults(&run))
            @for chart in charts(run.time, &report.series) {
                (chart.figure(&run))
                @if chart.id == "response" { (heat::figure(&run, &report.series)) }
                // What the arrivals at a backend show first is whether it was left alone.
                @if chart.id == "attempts" { (strips::breakers(&run, report)) }
            }
        }
    }
}

fn charts(time: Time, series: &Series) -> Vec<Chart> {
    vec![
        Chart {
            id: "attempts",
            title: "Attempts a second, by backend",
            unit: Unit::Rate,
            log: false,
            lines: rates(time, &series.attempts, |index| index),
            missing: "No request reached a backend, or none was joined to its exchange.",
            height: TALL,
        },
        Chart {
            id: "outcomes",
            title: "Requests a second, by outcome",
            unit: Unit::Rate,
            log: false,
            lines: rates(time, &series.outcomes, |index| OUTCOME_STYLES.get(index).copied().unwrap_or(index)),
            missing: "No request is on record.",
            height: TALL,
        },
        response(time, series),
        tries(time, series),
        Chart {
            id: "flight",
            title: "Requests in flight, the most in a bin",
            unit: Unit::Number,
            log: false,
            lines: vec![Line::new(time, "in flight", 0, |bin| count(&series.in_flight_max, bin))],
            missing: "No request was sent.",
            height: LOW,
        },
        Chart {
            id: "noise",
            title: "Noise: lag of the driver, and stalls of the machine",
            unit: Unit::Millis,
            log: false,
            lines: vec![
                Line::new(time, "driver lag p99", 0, |bin| value(&series.lag_p99_ms, bin)),
                Line::new(time, "longest stall", 1, |bin| series.hiccup_max_ms.get(bin).copied()),
            ],
            missing: "The driver was never late and the machine never stalled, or nothing was recorded of it. In the \
                      simulated world neither can happen.",
            height: LOW,
        },
    ]
}

fn response(time: Time, series: &Series) -> Chart {
    let quantiles = &series.response;
    let line = |name: &str, style: usize, values: &Vec<Option<f64>>| {
        Line::new(time, name, style, |bin| value(values, bin))
    };
    Chart {
        id: "response",
        title: "Response time",
        unit: Unit::Millis,
        log: true,
        lines: vec![
            line("p50", 2, &quantiles.p50_ms),
            line("p90", 0, &quantiles.p90_ms),
            line("p99", 3, &quantiles.p99_ms),
            line("max", 1, &quantiles.max_ms),
        ],
        missing: "No request was sent, so there is no response time.",
        height: TALL,
    }
}

fn tries(time: Time, series: &Series) -> Chart {
    Chart {
        id: "tries",
        title: "Attempts for each request",
        unit: Unit::Number,
        log: false,
        lines: vec![
            Line::new(time, "mean", 0, |bin| value(&series.attempts_mean, bin)),
            Line::new(time, "max", 1, |bin| count(&series.attempts_max, bin)),
        ],
        missing: "No request reached a backend, or none was joined to its exchange.",
        height: LOW,
    }
}

fn rates(time: Time, lines: &[CountLine], style: impl Fn(usize) -> usize) -> Vec<Line> {
    let one = |(index, line): (usize, &CountLine)| {
        Line::new(time, &line.name, style(index), |bin| {
            line.counts.get(bin).and_then(|count| time.rate(bin, *count))
        })
    };
    lines.iter().take(LINES_MAX).enumerate().map(one).collect()
}

fn value(values: &[Option<f64>], bin: usize) -> Option<f64> {
    values.get(bin).copied().flatten()
}

fn count(counts: &[u64], bin: usize) -> Option<f64> {
    counts.get(bin).map(|count| *count as f64)
}
