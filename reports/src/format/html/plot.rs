//! One chart of the run over time: its drawing, its legend, and the same figures as a table.
//!
//! The drawing stretches to the page's width while its labels do not, so that it can be read on a phone. Colours are
//! those of Okabe and Ito with a dash pattern each, and every line is named in the legend.

use std::fmt::Write;

use maud::{Markup, html};

use super::axis::{HEIGHT, Time, Unit, Values};
use crate::escape;
use crate::{ActionRow, Band, PhaseRow, Report};

/// The most fault windows that are shaded and labelled.
pub(super) const BANDS_MAX: usize = 40;

/// The most phases that are marked.
pub(super) const PHASES_MAX: usize = 200;

/// Colours with dashes that can be told apart.
pub(super) const STYLES: usize = 8;

/// What all charts of a page share.
pub(super) struct Run<'a> {
    pub(super) time: Time,
    pub(super) phases: &'a [PhaseRow],
    pub(super) bands: &'a [Band],
    pub(super) actions: &'a [ActionRow],
}

impl<'a> Run<'a> {
    /// Of a report; nothing where it has no series.
    pub(super) fn of(report: &'a Report) -> Option<Self> {
        Some(Run {
            time: Time::of(&report.series)?,
            phases: &report.phases[..report.phases.len().min(PHASES_MAX)],
            bands: &report.bands[..report.bands.len().min(BANDS_MAX)],
            actions: &report.actions[..report.actions.len().min(BANDS_MAX)],
        })
    }
}

/// A line of a chart.
pub(super) struct Line {
    pub(super) name: String,
    /// Colour and dashes, from 0.
    pub(super) style: usize,
    /// A value for each bin.
    pub(super) values: Vec<Option<f64>>,
}

impl Line {
    /// A line whose list is as long as the axis, whatever the report says.
    pub(super) fn new(time: Time, name: &str, style: usize, value: impl Fn(usize) -> Option<f64>) -> Self {
        let finite = |bin| value(bin).filter(|value: &f64| value.is_finite() && *value >= 0.0);
        Line { name: escape::name(name), style: style % STYLES, values: (0..time.bins).map(finite).collect() }
    }

    /// True if there is anything to draw: a measured time may be 0, a count of 0 is none.
    fn has_any(&self, zero_counts: bool) -> bool {
        self.values.iter().flatten().any(|value| zero_counts || *value > 0.0)
    }

    fn most(&self) -> Option<f64> {
        self.values.iter().flatten().copied().reduce(f64::max)
    }
}

/// A chart of lines.
pub(super) struct Chart {
    /// Its name in the page and in the script.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) unit: Unit,
    pub(super) log: bool,
    pub(super) lines: Vec<Line>,
    /// What there is to say if no line has any value.
    pub(super) missing: &'static str,
    /// The drawing's height, in pixels.
    pub(super) height: f64,
}

/// The height of a drawing that is read closely, and of one that is only glanced at, in pixels.
pub(super) const TALL: f64 = 124.0;
pub(super) const LOW: f64 = 56.0;

impl Chart {
    pub(super) fn figure(&self, run: &Run<'_>) -> Markup {
        let all = self.lines.iter().flat_map(|line| line.values.iter().flatten().copied());
        let values = if self.log { Values::log(all, self.unit) } else { Values::linear(all, self.unit) };
        let drawn = html! {
            @for line in self.lines.iter().filter(|line| line.has_any(self.log)) {
                path class={ "line s" (line.style) } d=(path(run.time, values, &line.values)) {}
            }
        };
        let legend = html! {
            ul .legend { @for (index, line) in self.lines.iter().enumerate() { (self.entry(index, line)) } }
        };
        if !self.lines.iter().any(|line| line.has_any(self.log)) {
            return figure(self.title, &legend, &html! { p .missing { (self.missing) } });
        }
        let most = self.lines.iter().filter_map(|line| Some((line, line.most()?)));
        let said: Vec<String> =
            most.map(|(line, most)| format!("{} up to {}", line.name, self.unit.words(most))).collect();
        let spoken = format!("{}: {}", self.title, said.join(", "));
        let content = html! {
            (plot(run, self.id, self.height, &spoken, &values.labels(), &drawn))
            (self.table(run.time))
        };
        figure(self.title, &legend, &content)
    }

    fn entry(&self, index: usize, line: &Line) -> Markup {
        html! {
            li {
                (swatch(line.style)) " " (line.name)
                @if line.has_any(self.log) { span .value data-chart=(self.id) data-line=(index) {} } @else { ": none" }
            }
        }
    }

    fn table(&self, time: Time) -> Markup {
        let head = self.lines.iter().map(|line| line.name.clone()).collect();
        table(self.title, head, time, |bin| {
            self.lines
                .iter()
                .map(|line| line.values[bin].map_or_else(|| "–".to_owned(), |value| self.unit.words(value)))
                .collect()
        })
    }
}

/// A sample of a line.
pub(super) fn swatch(style: usize) -> Markup {
    html! {
        svg .swatch viewBox="0 0 28 8" width="28" height="8" aria-hidden="true" {
            path class={ "line s" (style) } d="M1 4H27" {}
        }
    }
}

/// A chart with its title and legend.
pub(super) fn figure(title: &str, legend: &Markup, content: &Markup) -> Markup {
    html! { figure .chart { figcaption { (title) } (legend) (content) } }
}

/// The drawing between its axes, with phases and faults behind it.
pub(super) fn plot(
    run: &Run<'_>,
    id: &str,
    height: f64,
    spoken: &str,
    labels: &[(f64, String)],
    drawn: &Markup,
) -> Markup {
    let (time, width) = (run.time, units(run.time.width()));
    let (inner, outer) = (units(height), units(height + 26.0));
    html! {
        div .axes {
            (scale(height, labels))
            div .plot role="img" aria-label=(spoken) data-plot=(id) {
                svg height=(outer) aria-hidden="true" {
                    svg .area viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" width="100%" height=(inner) y="4" {
                        (background(run))
                        @for (y, _) in labels { line .grid x1="0" x2=(width) y1=(units(*y)) y2=(units(*y)) {} }
                        (drawn)
                        rect .selection x="0" width="0" y="0" height=(HEIGHT) {}
                        line .cursor x1="-9" x2="-9" y1="0" y2=(HEIGHT) {}
                    }
                    (moments(time, height + 19.0))
                }
            }
        }
    }
}

/// The labels of a value axis, beside a plot of this height.
pub(super) fn scale(height: f64, labels: &[(f64, String)]) -> Markup {
    html! {
        svg .scale height=(units(height + 26.0)) aria-hidden="true" {
            @for (y, label) in labels { text x="100%" y={ (units(8.0 + y * height / HEIGHT)) } text-anchor="end" { (label) } }
        }
    }
}

/// The labels of the time axis.
pub(super) fn moments(time: Time, y: f64) -> Markup {
    html! {
        @for (share, label) in time.labels() {
            @let anchor = if share < 0.02 { "start" } else if share > 0.96 { "end" } else { "middle" };
            text x={ (units(share * 100.0)) "%" } y=(units(y)) text-anchor=(anchor) { (label) }
        }
    }
}

/// Fault windows as shaded bands, and where phases begin.
pub(super) fn background(run: &Run<'_>) -> Markup {
    let time = run.time;
    html! {
        @for band in run.bands {
            @let (from, to) = (time.x(band.from_s), time.x(band.to_s));
            rect .band x=(units(from)) width=(units((to - from).max(0.0))) y="0" height=(HEIGHT) {}
        }
        @for phase in run.phases.iter().skip(1) {
            @let x = units(time.x(phase.from_s));
            line .edge x1=(x) x2=(x) y1="0" y2=(HEIGHT) {}
        }
    }
}

/// The same figures as a table, a row for each bin.
pub(super) fn table(
    title: &str,
    head: Vec<String>,
    time: Time,
    row: impl Fn(usize) -> Vec<String>,
) -> Markup {
    html! {
        details .data {
            summary { "Table: " (title) }
            div .wide role="group" aria-label={ "Table: " (title) } tabindex="0" {
                table {
                    thead { tr { th scope="col" { "From" } @for name in head { th scope="col" .number { (name) } } } }
                    tbody {
                        @for bin in 0..time.bins {
                            tr { th scope="row" { (seconds(time.bin(bin).0)) } @for cell in row(bin) { td .number { (cell) } } }
                        }
                    }
                }
            }
        }
    }
}

/// A moment with its milliseconds.
fn seconds(moment: f64) -> String {
    format!("{moment:.3} s")
}

/// A line through the middles of the bins, broken where there is no value. A single value is a dot.
fn path(time: Time, values: Values, line: &[Option<f64>]) -> String {
    let mut path = String::new();
    let mut drawing = false;
    for (bin, value) in line.iter().enumerate() {
        if let Some(value) = value {
            let (command, end) = if drawing { ("L", "") } else { ("M", "h0") };
            // Writing to a string cannot fail.
            let _ = write!(path, "{command}{} {}{end}", units(time.middle(bin)), values.y(*value));
        }
        drawing = value.is_some();
    }
    path
}

// A tenth of a unit is less than a pixel.
pub(super) fn units(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
