//! Latency by percentile on a logarithmic axis, a line for each phase: response time, and service time beside it.

use std::fmt::Write;

use maud::{Markup, html};

use super::axis::{HEIGHT, Unit, Values};
use super::plot::{STYLES, TALL, scale, swatch, units};
use crate::escape;
use crate::{Distribution, Report};

/// The most traffic classes, and phases of one, that are drawn.
const CLASSES_MAX: usize = 8;
const PHASES_MAX: usize = STYLES;

/// The drawing's units for each nine of the percentile axis.
const NINE: f64 = 200.0;

/// The percentiles that are labelled: their nines, half of all first.
const LABELS: [(f64, &str); 7] = [
    (0.301, "50"),
    (1.0, "90"),
    (2.0, "99"),
    (3.0, "99.9"),
    (4.0, "99.99"),
    (5.0, "99.999"),
    (6.0, "99.9999"),
];

/// The charts of every traffic class.
pub(super) fn charts(report: &Report) -> Markup {
    let mut classes: Vec<&str> = Vec::new();
    for distribution in report.distributions.iter().filter(|distribution| total(distribution) > 0) {
        if !classes.contains(&distribution.traffic.as_str()) {
            classes.push(&distribution.traffic);
        }
    }
    html! {
        @if classes.is_empty() {
            p .missing { "There is no distribution to draw: no request was sent, or the report was written without." }
        }
        @for class in classes.iter().take(CLASSES_MAX) { (chart(report, class)) }
        @if classes.len() > CLASSES_MAX { p .missing { "Only the first " (CLASSES_MAX) " traffic classes are drawn." } }
    }
}

fn chart(report: &Report, class: &str) -> Markup {
    let of_class = report.distributions.iter().filter(|distribution| distribution.traffic == class);
    let of_class: Vec<&Distribution> = of_class.filter(|distribution| total(distribution) > 0).collect();
    let mut phases: Vec<&str> = Vec::new();
    for distribution in &of_class {
        if !phases.contains(&distribution.phase.as_str()) {
            phases.push(&distribution.phase);
        }
    }
    let left_out = phases.len().saturating_sub(PHASES_MAX);
    phases.truncate(PHASES_MAX);
    let bounds = of_class.iter().flat_map(|distribution| &distribution.buckets);
    let values = Values::log(bounds.map(|(bound, _)| *bound as f64 / 1e3), Unit::Millis);
    let most = of_class.iter().map(|distribution| total(distribution)).max().unwrap_or(1);
    let nines = (most as f64).log10().clamp(1.0, 6.0);
    html! {
        figure .chart {
            figcaption { "Latency by percentile: " (escape::name(class)) }
            ul .legend { @for (index, phase) in phases.iter().enumerate() { li { (swatch(index)) " " (escape::name(phase)) } } }
            div .pair {
                @for (time, words) in [("response", "Response time (done − due)"), ("service", "Service time (done − sent)")] {
                    @let lines = of_class.iter().filter(|distribution| distribution.time == time);
                    div {
                        p .sub { (words) }
                        (plot(&lines.copied().collect::<Vec<_>>(), &phases, values, nines, class, words))
                    }
                }
            }
            @if left_out > 0 { p .missing { "and " (left_out) " more phases, which the table below has" } }
        }
    }
}

fn plot(
    lines: &[&Distribution],
    phases: &[&str],
    values: Values,
    nines: f64,
    class: &str,
    words: &str,
) -> Markup {
    if lines.is_empty() {
        return html! { p .missing { "Nothing is on record." } };
    }
    let width = units(nines * NINE);
    let spoken =
        format!("{words} of {} by percentile; the table of latencies has the figures", escape::name(class));
    let ticks = || LABELS.iter().take_while(|(nth, _)| *nth <= nines + 0.01);
    html! {
        div .axes {
            (scale(TALL, &values.labels()))
            div .plot role="img" aria-label=(spoken) {
                svg height="150" aria-hidden="true" {
                    svg .area viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" width="100%" height="124" y="4" {
                        @for (y, _) in values.labels() { line .grid x1="0" x2=(width) y1=(units(y)) y2=(units(y)) {} }
                        @for (nth, _) in ticks() { line .grid x1=(units(nth * NINE)) x2=(units(nth * NINE)) y1="0" y2=(units(HEIGHT)) {} }
                        @for line in lines {
                            @if let Some(style) = phases.iter().position(|phase| *phase == line.phase) {
                                path class={ "line s" (style) } d=(path(line, values, nines)) {}
                            }
                        }
                    }
                    @for (nth, label) in ticks() {
                        @let share = nth / nines;
                        @let anchor = if share > 0.9 { "end" } else { "middle" };
                        text x={ (units(share.min(1.0) * 100.0)) "%" } y="143" text-anchor=(anchor) { (label) " %" }
                    }
                }
            }
        }
    }
}

fn total(distribution: &Distribution) -> u64 {
    distribution.buckets.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
}

/// A step for each bucket: up to the share of exchanges that took no longer than its bound.
fn path(distribution: &Distribution, values: Values, nines: f64) -> String {
    let all = total(distribution) as f64;
    let mut path = String::new();
    let mut seen = 0u64;
    for (bound, count) in &distribution.buckets {
        let y = values.y(*bound as f64 / 1e3);
        let share = seen as f64 / all;
        seen = seen.saturating_add(*count);
        let beyond = 1.0 - seen as f64 / all;
        // The largest of n values stands at the share that n values can tell.
        let place = |beyond: f64| (-beyond.max(1.0 / all).log10()).clamp(0.0, nines) * NINE;
        let (from, to) = (units(place(1.0 - share)), units(place(beyond)));
        let command = if path.is_empty() { "M" } else { "L" };
        // Writing to a string cannot fail.
        let _ = write!(path, "{command}{from} {y}H{to}");
    }
    path
}
