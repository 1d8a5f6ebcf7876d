//! Two distributions laid over each other: the share of requests that took at most so long, on a logarithmic axis.

use maud::{Markup, html};

use crate::Overlay;
use crate::escape;
use crate::figures;

/// The drawing, in units of itself.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 940.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 220.0;

/// The styles of both lines in the page's style sheet: two colours, and dashes for the second.
const BEFORE: &str = "line s0";
const AFTER: &str = "line s1";

/// The most points of a line: one for every two units of the axis.
const POINTS_MAX: usize = 440;

/// The drawing with its title and its figures in words.
pub(super) fn figure(overlay: &Overlay) -> Markup {
    let Some(axis) = Axis::of(overlay) else {
        return html! { p { (escape::plain(&overlay.what, 160)) ": nothing was measured in one of the runs." } };
    };
    let words = format!(
        "{}. Before: {}. After: {}.",
        escape::plain(&overlay.what, 160),
        said(&overlay.before),
        said(&overlay.after)
    );
    html! {
        figure {
            figcaption { (escape::plain(&overlay.what, 160)) }
            div .wide role="group" aria-label=(escape::plain(&overlay.what, 160)) tabindex="0" {
                svg viewBox={ "0 0 " (units(WIDTH)) " " (units(HEIGHT)) } role="img" aria-label=(words) {
                    @for (share, label) in [(0.0, "0 %"), (0.5, "50 %"), (0.9, "90 %"), (1.0, "100 %")] {
                        line .grid x1=(units(LEFT)) x2=(units(RIGHT)) y1=(units(height(share))) y2=(units(height(share))) {}
                        text .tick x=(units(LEFT - 6.0)) y=(units(height(share) + 4.0)) text-anchor="end" { (label) }
                    }
                    @for (at, label) in axis.ticks() {
                        line .grid x1=(units(at)) x2=(units(at)) y1=(units(TOP)) y2=(units(BOTTOM)) {}
                        text .tick x=(units(at)) y=(units(BOTTOM + 16.0)) text-anchor="middle" { (label) }
                    }
                    polyline class=(BEFORE) points=(axis.points(&overlay.before)) {}
                    polyline class=(AFTER) points=(axis.points(&overlay.after)) {}
                    line class=(BEFORE) x1=(units(LEFT)) x2=(units(LEFT + 34.0)) y1=(units(HEIGHT - 10.0)) y2=(units(HEIGHT - 10.0)) {}
                    text x=(units(LEFT + 40.0)) y=(units(HEIGHT - 6.0)) { "before" }
                    line class=(AFTER) x1=(units(LEFT + 120.0)) x2=(units(LEFT + 154.0)) y1=(units(HEIGHT - 10.0)) y2=(units(HEIGHT - 10.0)) {}
                    text x=(units(LEFT + 160.0)) y=(units(HEIGHT - 6.0)) { "after" }
                }
            }
            p .sub { "Before: " (said(&overlay.before)) br; "After: " (said(&overlay.after)) }
        }
    }
}

/// The quantiles of a distribution, in words.
fn said(buckets: &[(u64, u64)]) -> String {
    let at = |share| figures::fine(quantile(buckets, share) / 1e3);
    format!(
        "{} requests, median {}, 90 % within {}, 99 % within {}",
        figures::count(total(buckets)),
        at(0.5),
        at(0.9),
        at(0.99)
    )
}

fn total(buckets: &[(u64, u64)]) -> u64 {
    buckets.iter().fold(0u64, |sum, (_, count)| sum.saturating_add(*count))
}

fn quantile(buckets: &[(u64, u64)], share: f64) -> f64 {
    let rank = (total(buckets) as f64 * share).ceil().max(1.0);
    let mut seen = 0.0;
    for (bound, count) in buckets {
        seen += *count as f64;
        if seen >= rank {
            return *bound as f64;
        }
    }
    buckets.last().map_or(0.0, |(bound, _)| *bound as f64)
}

/// A logarithmic axis of lengths in microseconds.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn of(overlay: &Overlay) -> Option<Self> {
        let bounds = |buckets: &[(u64, u64)]| Some((buckets.first()?.0.max(1), buckets.last()?.0.max(1)));
        let (a, b) = (bounds(&overlay.before)?, bounds(&overlay.after)?);
        let (low, high) = (a.0.min(b.0) as f64, a.1.max(b.1) as f64);
        Some(Axis { low: (low * 0.8).max(0.5).log10(), high: (high * 1.25).max(low * 2.0).log10() })
    }

    fn place(&self, micros: f64) -> f64 {
        let share = (micros.max(0.5).log10() - self.low) / (self.high - self.low).max(1e-9);
        LEFT + (RIGHT - LEFT) * share.clamp(0.0, 1.0)
    }

    /// Places and labels at 1, 2 and 5 of each power of ten, or at the powers alone where there are many.
    fn ticks(&self) -> Vec<(f64, String)> {
        let factors: &[f64] = if self.high - self.low > 2.5 { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let powers = (self.low.floor() as i32)..=(self.high.ceil() as i32);
        let at = powers.flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)));
        at.filter(|micros| (self.low..=self.high).contains(&micros.log10()))
            .map(|micros| (self.place(micros), tick(micros / 1e3)))
            .collect()
    }

    /// The steps of the share of requests that took at most so long.
    fn points(&self, buckets: &[(u64, u64)]) -> String {
        let all = total(buckets).max(1) as f64;
        let every = buckets.len().div_ceil(POINTS_MAX).max(1);
        let (mut seen, mut points) = (0.0, vec![format!("{},{}", units(LEFT), units(height(0.0)))]);
        for (index, (bound, count)) in buckets.iter().enumerate() {
            let before = seen;
            seen += *count as f64;
            if index % every == 0 || index + 1 == buckets.len() {
                let x = units(self.place(*bound as f64));
                points.push(format!("{x},{} {x},{}", units(height(before / all)), units(height(seen / all))));
            }
        }
        points.push(format!("{},{}", units(RIGHT), units(height(seen / all))));
        points.join(" ")
    }
}

/// Shares above nine tenths get half of the height: the tail is what people look for.
fn height(share: f64) -> f64 {
    let place = if share < 0.9 { share / 0.9 * 0.5 } else { 0.5 + (share - 0.9) / 0.1 * 0.5 };
    BOTTOM - (BOTTOM - TOP) * place.clamp(0.0, 1.0)
}

fn tick(millis: f64) -> String {
    if millis < 1.0 {
        format!("{} µs", millis * 1e3)
    } else if millis < 1e3 {
        format!("{millis} ms")
    } else {
        format!("{} s", millis / 1e3)
    }
}

// A tenth of a unit is less than a pixel.
fn units(value: f64) -> String {
    format!("{value:.1}")
}
