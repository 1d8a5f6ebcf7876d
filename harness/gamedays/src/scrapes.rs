//! What the gateway says of itself while a run goes on: the scrapes of the last minute.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use evidence::{Sample, Series, Sum};
use units::Moment;

/// The scrapes that are kept, one a second: those of the longest stretch that a stop condition looks back, and some.
const SCRAPES_MAX: usize = 64;

/// The series of a scrape that are kept. A scenario names those that it keeps, which are a handful.
const SERIES_MAX: usize = 1_000;

/// The last scrapes of a run.
#[derive(Default)]
pub struct Scrapes(Mutex<VecDeque<Scrape>>);

struct Scrape {
    number: u32,
    answered: Moment,
    series: Vec<(Series, f64)>,
}

impl Scrapes {
    /// Notes a figure of a scrape. One that came to nothing tells none.
    pub fn note(&self, sample: &Sample) {
        let Some((series, "")) = sample.series.as_deref().and_then(|text| Series::read(text).ok()) else {
            return;
        };
        let mut scrapes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if scrapes.back().is_none_or(|last| last.number != sample.scrape) {
            if scrapes.len() == SCRAPES_MAX {
                scrapes.pop_front();
            }
            scrapes.push_back(Scrape {
                number: sample.scrape,
                answered: sample.answered,
                series: Vec::new(),
            });
        }
        if let Some(last) = scrapes.back_mut().filter(|last| last.series.len() < SERIES_MAX) {
            last.series.push((series, sample.value));
        }
    }

    /// The sum at each scrape that told a series of it, in order, with when that was answered.
    pub fn sums(&self, sum: &Sum) -> Vec<(Moment, f64)> {
        let scrapes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = scrapes.iter().filter_map(|scrape| {
            let own: Vec<f64> =
                scrape.series.iter().filter(|(series, _)| sum.has(series)).map(|(_, value)| *value).collect();
            (!own.is_empty()).then(|| (scrape.answered, own.iter().sum()))
        });
        told.collect()
    }
}
