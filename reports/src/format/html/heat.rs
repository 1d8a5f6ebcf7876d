//! The heat map of response times: how many exchanges took how long, over time.

use std::fmt::Write;

use maud::{Markup, html};

use super::axis::{HEIGHT, Time, Unit, short};
use super::plot::{self, Run, units};
use crate::figures;
use crate::{HeatRow, Series};

/// Shades that the eye can tell apart.
const LEVELS: usize = 5;

/// The most rows; five for each factor of ten up to an hour are fewer.
const ROWS_MAX: usize = 64;

const TITLE: &str = "Response time, how many requests took how long";

/// The heat map.
pub(super) fn figure(run: &Run<'_>, series: &Series) -> Markup {
    let rows = &series.heat.rows[..series.heat.rows.len().min(ROWS_MAX)];
    let most = rows.iter().flat_map(|row| &row.counts).copied().max().unwrap_or(0);
    if most == 0 {
        return plot::figure(
            TITLE,
            &html! {},
            &html! { p .missing { "No request was sent, so there is no response time." } },
        );
    }
    let (first, last) = (&rows[0], &rows[rows.len() - 1]);
    let spoken = format!(
        "{TITLE}: from {} to {}, up to {} requests in a cell",
        short(first.from_ms, Unit::Millis),
        short(last.to_ms, Unit::Millis),
        figures::count(most)
    );
    let drawn = html! {
        @for (level, path) in paths(run.time, rows, most).iter().enumerate() {
            path class={ "heat h" (level + 1) } d=(path) {}
        }
    };
    let content = html! {
        (plot::plot(run, "heat", plot::TALL, &spoken, &labels(rows), &drawn))
        (table(run.time, rows))
    };
    plot::figure(TITLE, &legend(most), &content)
}

/// Which shade a count has: equal steps of its logarithm, 0 for none.
fn level(count: u64, most: u64) -> usize {
    let share = (count as f64).ln_1p() / (most as f64).ln_1p();
    ((share * LEVELS as f64).ceil() as usize).min(LEVELS)
}

fn legend(most: u64) -> Markup {
    let highest = |step: usize| ((most as f64).ln_1p() * step as f64 / LEVELS as f64).exp_m1().round() as u64;
    html! {
        ul .legend {
            @for step in (1..=LEVELS).filter(|step| highest(*step) > highest(step - 1)) {
                li {
                    svg .swatch viewBox="0 0 14 8" width="14" height="8" aria-hidden="true" {
                        rect class={ "heat h" (step) } width="14" height="8" {}
                    }
                    " up to " (figures::count(highest(step)))
                }
            }
            li { "requests in a cell" span .value data-chart="heat" data-line="0" {} }
        }
    }
}

/// Powers of ten where there are two of them to read the scale by, else the ends.
fn labels(rows: &[HeatRow]) -> Vec<(f64, String)> {
    let height = HEIGHT / rows.len() as f64;
    let bounds = rows.iter().map(|row| row.from_ms).chain(rows.last().map(|row| row.to_ms));
    let all: Vec<(usize, f64)> = bounds.enumerate().collect();
    let is_round = |bound: f64| bound > 0.0 && (bound.log10() - bound.log10().round()).abs() < 0.01;
    let round: Vec<_> = all.iter().filter(|(_, bound)| is_round(*bound)).copied().collect();
    let chosen = match (round.len(), all.first(), all.last()) {
        (0 | 1, Some(first), Some(last)) => vec![*first, *last],
        _ => round,
    };
    let place = |index: usize| HEIGHT - height * index as f64;
    chosen.into_iter().map(|(index, bound)| (place(index), short(bound, Unit::Millis))).collect()
}

/// A path for each shade; neighbours of one shade in a row are one rectangle.
fn paths(time: Time, rows: &[HeatRow], most: u64) -> [String; LEVELS] {
    let mut paths: [String; LEVELS] = Default::default();
    let height = HEIGHT / rows.len() as f64;
    for (index, row) in rows.iter().enumerate() {
        let top = HEIGHT - height * (index + 1) as f64;
        let levels: Vec<usize> =
            (0..time.bins).map(|bin| level(row.counts.get(bin).copied().unwrap_or(0), most)).collect();
        let mut start = 0;
        while start < levels.len() {
            let length = levels[start..].iter().take_while(|level| **level == levels[start]).count();
            if let Some(path) = levels[start].checked_sub(1).map(|shade| &mut paths[shade]) {
                let (from, to) = (time.x(time.bin(start).0), time.x(time.bin(start + length - 1).1));
                let (width, height) = (units(to - from), units(height));
                // Writing to a string cannot fail.
                let _ = write!(path, "M{} {}h{width}v{height}h-{width}z", units(from), units(top));
            }
            start += length;
        }
    }
    paths
}

fn table(time: Time, rows: &[HeatRow]) -> Markup {
    let head = rows.iter().map(|row| format!("under {}", short(row.to_ms, Unit::Millis))).collect();
    plot::table(TITLE, head, time, |bin| {
        let cell = |row: &HeatRow| match row.counts.get(bin).copied().unwrap_or(0) {
            0 => String::new(),
            count => figures::count(count),
        };
        rows.iter().map(cell).collect()
    })
}
