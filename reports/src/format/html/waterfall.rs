//! A witness as a drawing: the client's bar, and under it a lane for each attempt.

use maud::{Markup, html};

use super::axis;
use super::prose;
use crate::figures;
use crate::timeline::{Bar, Timeline};

/// The drawing's width, and where its time axis begins and ends, in units of the drawing.
const WIDTH: f64 = 960.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 920.0;

/// The heights of a bar, and of a lane: a bar with a line of words under it, or two.
const BAR: f64 = 14.0;
const LANE: f64 = 46.0;
const LINE: f64 = 15.0;

/// The room that a character of the drawing's font takes, rather more than less.
const CHARACTER: f64 = 6.6;

/// A bar that is shorter than this is drawn as long as this, so that its colour is seen.
const BAR_MIN: f64 = 5.0;

/// The drawing with its title. Every mark is also said in words, so that nothing is told by colour alone.
pub(super) fn figure(id: &str, timeline: &Timeline) -> Markup {
    let foot = timeline.bars.iter().map(height).sum::<f64>() + 8.0;
    let lanes = timeline.bars.iter().scan(8.0, |top, bar| {
        let here = *top;
        *top += height(bar);
        Some((here, bar))
    });
    html! {
        figure #(id) .witness {
            figcaption { (prose(&timeline.title)) }
            div .wide role="group" aria-label=(timeline.title) tabindex="0" {
                svg viewBox={ "0 0 " (WIDTH) " " (foot + 24.0) } role="img" aria-label=(timeline.title) {
                    (scale(timeline, foot))
                    @for (top, bar) in lanes { (lane(timeline, bar, top)) }
                }
            }
            @if timeline.left_out > 0 {
                p { "and " (figures::count(timeline.left_out as u64)) " more attempts" }
            }
        }
    }
}

fn height(bar: &Bar) -> f64 {
    if bar.events.is_empty() { LANE } else { LANE + LINE }
}

/// Round moments since the request was sent.
fn scale(timeline: &Timeline, foot: f64) -> Markup {
    let (from, to) = timeline.span();
    html! {
        @for moment in axis::moments(from, to) {
            @let x = units(place(timeline, moment));
            line .grid x1=(x) x2=(x) y1="0" y2=(units(foot)) {}
            text .tick x=(x) y=(units(foot + 16.0)) text-anchor="middle" { (axis::short(moment, axis::Unit::Millis)) }
        }
    }
}

fn lane(timeline: &Timeline, bar: &Bar, top: f64) -> Markup {
    let (from, to) = (place(timeline, bar.from_ms), place(timeline, bar.to_ms));
    let width = (to - from).max(BAR_MIN);
    let kind = if bar.gap.is_none() {
        "client"
    } else if bar.faults.is_empty() {
        "attempt"
    } else {
        "attempt hit"
    };
    let events: Vec<String> =
        bar.events.iter().map(|(at_ms, what)| format!("{what} at {}", figures::fine(*at_ms))).collect();
    html! {
        (cut("label", (0.0, top + 11.0), LEFT - 8.0, &bar.label))
        (before(timeline, bar, top))
        rect class=(kind) x=(units(from)) y=(units(top)) width=(units(width)) height=(units(BAR)) {
            title { (bar.label) ": " (figures::fine(bar.from_ms)) " to " (figures::fine(bar.to_ms)) }
        }
        line .end x1=(units(from + width)) x2=(units(from + width)) y1=(units(top - 3.0)) y2=(units(top + BAR + 3.0)) {}
        @for (at_ms, what) in &bar.events { (event(timeline, *at_ms, what, top)) }
        (under("words", from, top + BAR + 15.0, &words(timeline, bar)))
        @if !events.is_empty() { (under("words events", from, top + BAR + 15.0 + LINE, &format!("▼ {}", events.join(", ")))) }
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
                    title { "due " (figures::fine(-timeline.due_ms)) " before it was sent" }
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
                        (figures::fine(gap.length_ms))
                    }
                }
            }
        }
        _ => html! {},
    }
}

fn event(timeline: &Timeline, at_ms: f64, what: &str, top: f64) -> Markup {
    let x = place(timeline, at_ms);
    let (left, right, low, high) = (units(x - 4.0), units(x + 4.0), units(top), units(top - 6.0));
    html! {
        polygon .event points={ (left) "," (high) " " (right) "," (high) " " (units(x)) "," (low) } {
            title { (what) " at " (figures::fine(at_ms)) }
        }
    }
}

/// How the bar ended, what hit it, and how long the gap before it was.
fn words(timeline: &Timeline, bar: &Bar) -> String {
    let mut words = vec![bar.ended.clone()];
    if !bar.faults.is_empty() {
        words.push(format!("⚡ {}", bar.faults.join(", ")));
    }
    match &bar.gap {
        Some(gap) => words.push(gap.words.clone()),
        None if timeline.due_ms < 0.0 => {
            words.push(format!("due {} before it was sent", figures::fine(-timeline.due_ms)));
        }
        None => {}
    }
    words.join(" · ")
}

/// Words under a bar's start, or as far to the left as they need room.
fn under(class: &str, from: f64, y: f64, words: &str) -> Markup {
    let length = CHARACTER * words.chars().count() as f64;
    cut(class, (from.min(RIGHT - length).max(LEFT), y), RIGHT - LEFT, words)
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
