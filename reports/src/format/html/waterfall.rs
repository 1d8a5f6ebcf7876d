//! A witness as a drawing: the client's bar, and under it a lane for each attempt.

use maud::{Markup, html};

use crate::figures;
use crate::timeline::{Bar, Timeline};

/// The drawing's width, and where its time axis begins and ends, in units of the drawing.
const WIDTH: f64 = 960.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 920.0;

/// The height of a lane: a bar with a line of words under it.
const LANE: f64 = 46.0;
const BAR: f64 = 14.0;

/// The room that a character of the drawing's font takes, rather more than less.
const CHARACTER: f64 = 6.6;

/// The axis has this many equal parts.
const PARTS: u32 = 5;

/// The drawing with its title. Every mark is also said in words, so that nothing is told by colour alone.
pub(super) fn figure(timeline: &Timeline) -> Markup {
    let foot = LANE * timeline.bars.len() as f64 + 8.0;
    html! {
        figure {
            figcaption { (timeline.title) }
            div .wide role="group" aria-label=(timeline.title) tabindex="0" {
                svg viewBox={ "0 0 " (WIDTH) " " (foot + 24.0) } role="img" aria-label=(timeline.title) {
                    (axis(timeline, foot))
                    @for (index, bar) in timeline.bars.iter().enumerate() {
                        (lane(timeline, bar, LANE * index as f64 + 8.0))
                    }
                }
            }
            @if timeline.left_out > 0 {
                p { "and " (figures::count(timeline.left_out as u64)) " more attempts" }
            }
        }
    }
}

fn axis(timeline: &Timeline, foot: f64) -> Markup {
    let (from, to) = timeline.span();
    html! {
        @for part in 0..=PARTS {
            @let share = f64::from(part) / f64::from(PARTS);
            @let x = units(LEFT + (RIGHT - LEFT) * share);
            line .grid x1=(x) x2=(x) y1="0" y2=(units(foot)) {}
            text .tick x=(x) y=(units(foot + 16.0)) text-anchor="middle" { (figures::ms(from + (to - from) * share)) }
        }
    }
}

fn lane(timeline: &Timeline, bar: &Bar, top: f64) -> Markup {
    let (from, to) = (place(timeline, bar.from_ms), place(timeline, bar.to_ms));
    // A bar of no length is still to be seen.
    let width = (to - from).max(2.0);
    let kind = if bar.gap.is_none() {
        "client"
    } else if bar.faults.is_empty() {
        "attempt"
    } else {
        "attempt hit"
    };
    html! {
        (cut("label", (0.0, top + 11.0), LEFT - 8.0, &bar.label))
        (before(timeline, bar, top))
        rect class=(kind) x=(units(from)) y=(units(top)) width=(units(width)) height=(units(BAR)) {
            title { (bar.label) ": " (figures::ms(bar.from_ms)) " to " (figures::ms(bar.to_ms)) }
        }
        line .end x1=(units(from + width)) x2=(units(from + width)) y1=(units(top - 3.0)) y2=(units(top + BAR + 3.0)) {}
        @for (at_ms, what) in &bar.events { (event(timeline, *at_ms, what, top)) }
        (words(bar, from, top + BAR + 15.0))
    }
}

/// What lies before a bar: the wait for the driver, or the gap since the attempt before.
fn before(timeline: &Timeline, bar: &Bar, top: f64) -> Markup {
    let start = place(timeline, bar.from_ms);
    let middle = units(top + BAR / 2.0);
    match &bar.gap {
        None if timeline.due_ms < 0.0 => {
            let due = place(timeline, timeline.due_ms);
            html! {
                rect .wait x=(units(due)) y=(units(top + 4.0)) width=(units(start - due)) height=(units(BAR - 8.0)) {
                    title { "due " (figures::ms(-timeline.due_ms)) " before it was sent" }
                }
            }
        }
        Some(gap) if gap.length_ms > 0.0 => {
            let from = place(timeline, gap.from_ms);
            // Under this width the figure would cover the bars; the words under the bar have it.
            let label = start - from > 70.0;
            html! {
                line .gap x1=(units(from)) x2=(units(start)) y1=(middle) y2=(middle) { title { (gap.words) } }
                @if label {
                    text .gap x=(units(f64::midpoint(from, start))) y=(units(top + 3.0)) text-anchor="middle" {
                        (figures::ms(gap.length_ms))
                    }
                }
            }
        }
        _ => html! {},
    }
}

fn event(timeline: &Timeline, at_ms: f64, what: &str, top: f64) -> Markup {
    let x = place(timeline, at_ms);
    let (left, right, low, high) = (units(x - 5.0), units(x + 5.0), units(top), units(top - 6.0));
    html! {
        polygon .event points={ (left) "," (high) " " (right) "," (high) " " (units(x)) "," (low) } {
            title { (what) " at " (figures::ms(at_ms)) }
        }
    }
}

/// How the bar ended and what hit it, under its start or as far to the left as it needs room.
fn words(bar: &Bar, from: f64, y: f64) -> Markup {
    let mut words = vec![bar.ended.clone()];
    if !bar.faults.is_empty() {
        words.push(format!("⚡ {}", bar.faults.join(", ")));
    }
    words.extend(bar.events.iter().map(|(at_ms, what)| format!("{what} at {}", figures::ms(*at_ms))));
    words.extend(bar.gap.as_ref().map(|gap| gap.words.clone()));
    let words = words.join(" · ");
    let length = CHARACTER * words.chars().count() as f64;
    let x = from.min(RIGHT - length).max(LEFT);
    cut("words", (x, y), RIGHT - LEFT, &words)
}

/// Text that is cut where its room ends; all of it is in its title.
fn cut(class: &str, (x, y): (f64, f64), room: f64, text: &str) -> Markup {
    let most = (room / CHARACTER) as usize;
    let fits = text.chars().count() <= most;
    let shown: String = text.chars().take(if fits { most } else { most - 1 }).collect();
    html! {
        text class=(class) x=(units(x)) y=(units(y)) {
            @if !fits { title { (text) } }
            (shown) @if !fits { "…" }
        }
    }
}

fn place(timeline: &Timeline, at_ms: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * timeline.place(at_ms)
}

// A tenth of a unit is less than a pixel.
fn units(value: f64) -> String {
    format!("{value:.1}")
}
