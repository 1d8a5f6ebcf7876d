//! Strips under the shared time axis: phases, faults, and the state of each breaker.

use maud::{Markup, html};

use super::plot::{self, BANDS_MAX, Run, units};
use crate::escape;
use crate::figures;
use crate::{ActionRow, Band, BreakerState, BreakerStretch, BreakerStrip, PhaseRow, Report};

/// The height of a strip, in pixels.
const STRIP: f64 = 22.0;

/// The most breakers, and stretches of one, that are drawn.
const STRIPS_MAX: usize = 24;
const STRETCHES_MAX: usize = 400;

/// The most characters of a backend's name beside its strip.
const BRIEF: usize = 10;

const FAULTS: &str = "Phases and faults";
const BREAKERS: &str = "Breaker of each backend, as its arrivals tell";

/// Phases and planned faults, each with its name.
pub(super) fn faults(run: &Run<'_>) -> Markup {
    let rows = run.bands.len() + run.actions.len() + 1;
    let height = STRIP * rows as f64;
    let phases = run.phases.iter().map(phase_words);
    let actions = run.actions.iter().map(|action| format!("{} {}", action.name(), action.words()));
    let spoken: Vec<String> = phases.chain(run.bands.iter().map(band_words)).chain(actions).collect();
    let first = run.bands.len() + 1;
    let names = html! {
        text x="100%" y="16" text-anchor="end" { "phase" }
        @for index in 0..run.bands.len() { text x="100%" y=(units(STRIP * index as f64 + 38.0)) text-anchor="end" { "fault" } }
        @for index in first..rows { text x="100%" y=(units(STRIP * index as f64 + 16.0)) text-anchor="end" { "action" } }
    };
    let drawn = html! {
        @for phase in run.phases { (phase_strip(run, phase)) }
        @for (index, band) in run.bands.iter().enumerate() { (band_strip(run, band, STRIP * (index + 1) as f64)) }
        @for (index, action) in run.actions.iter().enumerate() { (action_strip(run, action, STRIP * (index + first) as f64)) }
    };
    let content = html! {
        (strips(run, "faults", &format!("{FAULTS}: {}", spoken.join("; ")), height, &names, &drawn))
        @if run.bands.is_empty() { p .missing { "No fault was planned." } }
        @if run.bands.len() == BANDS_MAX { p .missing { "Faults beyond the first " (BANDS_MAX) " are not drawn." } }
    };
    plot::figure(FAULTS, &html! {}, &content)
}

fn phase_words(phase: &PhaseRow) -> String {
    format!(
        "{} from {} to {}",
        escape::name(&phase.name),
        figures::seconds(phase.from_s),
        figures::seconds(phase.to_s)
    )
}

fn band_words(band: &Band) -> String {
    format!(
        "{} on {} from {} to {}",
        escape::name(&band.name),
        escape::plain(&band.backends.join(", "), 120),
        figures::seconds(band.from_s),
        figures::seconds(band.to_s)
    )
}

fn phase_strip(run: &Run<'_>, phase: &PhaseRow) -> Markup {
    let (from, to) = (run.time.share(phase.from_s) * 100.0, run.time.share(phase.to_s) * 100.0);
    html! {
        // A drawing of its own cuts the name off where the phase ends.
        svg x={ (units(from)) "%" } width={ (units((to - from).max(0.0))) "%" } y="0" height="20" {
            rect .phase width="100%" height="100%" {}
            text x="5" y="15" { (escape::name(&phase.name)) }
        }
    }
}

fn action_strip(run: &Run<'_>, action: &ActionRow, top: f64) -> Markup {
    let to = action.to_s.unwrap_or(action.from_s);
    bar(run, (action.from_s, to), top, &format!("{}: {}", action.name(), action.words()))
}

fn band_strip(run: &Run<'_>, band: &Band, top: f64) -> Markup {
    let label = format!("{} on {}", escape::name(&band.name), escape::plain(&band.backends.join(", "), 120));
    bar(run, (band.from_s, band.to_s), top, &label)
}

fn bar(run: &Run<'_>, (from_s, to_s): (f64, f64), top: f64, label: &str) -> Markup {
    let (from, to) = (run.time.share(from_s) * 100.0, run.time.share(to_s) * 100.0);
    // A label goes on past a short bar; from the middle of the axis on it ends with the bar instead.
    let (x, anchor, shift) = if from > 50.0 { (to, "end", "-5") } else { (from, "start", "5") };
    html! {
        rect .fault x={ (units(from)) "%" } width={ (units((to - from).max(0.3))) "%" } y=(units(top)) height="20" {}
        text x={ (units(x)) "%" } dx=(shift) y=(units(top + 15.0)) text-anchor=(anchor) { (label) }
    }
}

/// The strip of every backend, or why there is none.
pub(super) fn breakers(run: &Run<'_>, report: &Report) -> Markup {
    let strips_known: Vec<&BreakerStrip> =
        report.breakers.iter().filter(|strip| !strip.stretches.is_empty()).take(STRIPS_MAX).collect();
    let names = html! {
        @for (index, strip) in strips_known.iter().enumerate() {
            text x="100%" y=(units(STRIP * index as f64 + 16.0)) text-anchor="end" { (brief(&strip.backend)) }
        }
    };
    let drawn = html! {
        @for (index, strip) in strips_known.iter().enumerate() { (strip_of(run, strip, STRIP * index as f64)) }
    };
    let spoken: Vec<String> = strips_known.iter().map(|strip| spoken(strip)).collect();
    let height = STRIP * strips_known.len() as f64;
    let content = html! {
        @if report.breakers.is_empty() { p .missing { "Nothing is on record of any breaker." } }
        @if !strips_known.is_empty() {
            (strips(run, "breakers", &format!("{BREAKERS}: {}", spoken.join("; ")), height, &names, &drawn))
        }
        @for strip in report.breakers.iter().take(STRIPS_MAX) {
            @if let Some(why) = &strip.unknown {
                @let which = if strip.stretches.is_empty() { "can't be told" } else { "can be told in part only" };
                p .missing { (escape::name(&strip.backend)) ": " (which) ", because " (escape::sentence(why)) "." }
            }
        }
        @if !strips_known.is_empty() { (table(&strips_known)) }
    };
    plot::figure(BREAKERS, &legend(&strips_known), &content)
}

/// A name as short as the room beside a strip; the legend and the table have all of it.
fn brief(name: &str) -> String {
    let name = escape::name(name);
    if name.chars().count() <= BRIEF { name } else { name.chars().take(BRIEF - 1).chain(['…']).collect() }
}

fn strip_of(run: &Run<'_>, strip: &BreakerStrip, top: f64) -> Markup {
    html! {
        @for stretch in strip.stretches.iter().take(STRETCHES_MAX) {
            @let (from, to) = (run.time.share(stretch.from_s) * 100.0, run.time.share(stretch.to_s) * 100.0);
            @let (inset, height) = shape(stretch.state);
            rect class={ "state " (word(stretch.state)) } x={ (precise(from)) "%" } width={ (precise((to - from).max(0.3))) "%" }
                y=(units(top + inset)) height=(units(height)) {}
        }
    }
}

// A hundredth of a percent of the page's width is less than a pixel.
fn precise(percent: f64) -> String {
    format!("{percent:.2}")
}

/// States differ in height, too, so that nothing is told by colour alone.
fn shape(state: BreakerState) -> (f64, f64) {
    match state {
        BreakerState::Closed => (8.0, 4.0),
        BreakerState::Open => (1.0, 18.0),
        BreakerState::Probing => (4.0, 12.0),
        BreakerState::Unknown => (6.0, 8.0),
    }
}

fn word(state: BreakerState) -> &'static str {
    match state {
        BreakerState::Closed => "closed",
        BreakerState::Open => "open",
        BreakerState::Probing => "probing",
        BreakerState::Unknown => "unknown",
    }
}

fn legend(strips: &[&BreakerStrip]) -> Markup {
    let states = [
        (BreakerState::Closed, "closed: traffic flows"),
        (BreakerState::Open, "open: silent while traffic goes on"),
        (BreakerState::Probing, "probing: a few requests between silences"),
        (BreakerState::Unknown, "can't be told"),
    ];
    let seen = |state: BreakerState| {
        strips.iter().any(|strip| strip.stretches.iter().any(|stretch| stretch.state == state))
    };
    html! {
        ul .legend {
            @for (state, words) in states.into_iter().filter(|(state, _)| seen(*state)) {
                @let (inset, height) = shape(state);
                li {
                    svg .swatch viewBox="0 0 14 20" width="14" height="20" aria-hidden="true" {
                        rect class={ "state " (word(state)) } width="14" y=(units(inset)) height=(units(height)) {}
                    }
                    " " (words)
                }
            }
            @for (index, strip) in strips.iter().enumerate() {
                li .now { (escape::name(&strip.backend)) span .value data-chart="breakers" data-line=(index) {} }
            }
        }
    }
}

fn spoken(strip: &BreakerStrip) -> String {
    let openings = strip.stretches.iter().filter(|stretch| stretch.state == BreakerState::Open).count();
    format!("{} open {openings} times", escape::name(&strip.backend))
}

fn table(strips: &[&BreakerStrip]) -> Markup {
    let row = |backend: &str, stretch: &BreakerStretch| {
        html! {
            tr {
                th scope="row" { (escape::name(backend)) }
                td { (word(stretch.state)) }
                td .number { (format!("{:.3} s", stretch.from_s)) }
                td .number { (format!("{:.3} s", stretch.to_s)) }
            }
        }
    };
    html! {
        details .data {
            summary { "Table: " (BREAKERS) }
            div .wide role="group" aria-label={ "Table: " (BREAKERS) } tabindex="0" {
                table {
                    thead {
                        tr { th scope="col" { "Backend" } th scope="col" { "State" } th scope="col" .number { "From" } th scope="col" .number { "To" } }
                    }
                    tbody {
                        @for strip in strips {
                            @for stretch in strip.stretches.iter().take(STRETCHES_MAX) { (row(&strip.backend, stretch)) }
                        }
                    }
                }
            }
        }
    }
}

/// A drawing of strips: like a plot, but as high as it has rows.
fn strips(run: &Run<'_>, id: &str, spoken: &str, height: f64, names: &Markup, drawn: &Markup) -> Markup {
    let width = units(run.time.width());
    let (inner, outer) = (units(height), units(height + 20.0));
    html! {
        div .axes {
            svg .scale height=(outer) aria-hidden="true" { (names) }
            div .plot role="img" aria-label=(spoken) data-plot=(id) {
                svg height=(outer) aria-hidden="true" {
                    svg .area viewBox={ "0 0 " (width) " 1000" } preserveAspectRatio="none" width="100%" height=(inner) {
                        (plot::background(run))
                        rect .selection x="0" width="0" y="0" height="1000" {}
                    }
                    (drawn)
                    (plot::moments(run.time, height + 15.0))
                    svg .area viewBox={ "0 0 " (width) " 1000" } preserveAspectRatio="none" width="100%" height=(inner) {
                        line .cursor x1="-9" x2="-9" y1="0" y2="1000" {}
                    }
                }
            }
        }
    }
}
