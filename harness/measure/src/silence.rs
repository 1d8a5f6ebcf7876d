//! Times during which a backend got nothing although traffic went on.

use std::time::Duration;

use units::{Moment, Stretch};

use crate::arrivals::Traffic;

/// A time during which nothing arrived at a backend, and chance does not explain it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Silence {
    /// The last arrival before it, or the start of what is looked at.
    pub from: Moment,
    /// The first arrival after it; nothing if it lasted to the end of what is looked at.
    pub to: Option<Moment>,
    /// How many arrivals before `from`, itself included, there were.
    pub before: usize,
    /// How many requests would have arrived during it.
    pub missed: f64,
}

/// How many requests must be missed for a silence among `gaps` gaps not to be chance.
///
/// With Poisson arrivals a gap in which `n` were expected comes up with the probability e^−n; the figure keeps the
/// chance that any of the gaps is one at one in a thousand.
pub fn missed_min(gaps: usize) -> f64 {
    (1_000.0 * (gaps + 1) as f64).ln()
}

/// The silences of at least a certain length, in order.
pub fn silences(
    arrivals: &[Moment],
    traffic: &Traffic,
    observed: Stretch,
    at_least: Duration,
) -> Vec<Silence> {
    let missed_min = missed_min(arrivals.len());
    let starts = std::iter::once(observed.from).chain(arrivals.iter().copied());
    let ends = arrivals.iter().copied().map(Some).chain(std::iter::once(None));
    starts
        .zip(ends)
        .enumerate()
        .filter(|(_, (from, to))| to.unwrap_or(observed.to).since(*from) >= at_least)
        .map(|(before, (from, to))| {
            let missed = traffic.expected(from, to.unwrap_or(observed.to));
            Silence { from, to, before, missed }
        })
        .filter(|silence| silence.missed >= missed_min)
        .collect()
}
