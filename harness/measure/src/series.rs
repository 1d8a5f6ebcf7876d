//! What the charts of a report are drawn from: the run in equal bins, and the distributions of its times.
//!
//! One pass over the ledger fills all of it, so that a run of a million exchanges costs a fraction of a second.

mod bins;
mod breakers;
mod distributions;
mod flight;
#[cfg(test)]
mod tests;

use evidence::{Entry, Exchange, Ledger, Outcome};
use reports::{Band, CountLine, Heat, HeatRow, QuantileLines, Series};

use crate::brief::Brief;
use bins::Bins;
pub use breakers::breakers;
use distributions::Distributions;
use flight::Flight;

/// The most backends with a line of their own. Their colours and dashes can't be told apart beyond that.
const LINES_MAX: usize = 12;

/// What a line is called that stands for all backends without one.
const OTHERS: &str = "all other backends";

/// How exchanges are grouped, in the order of `group`.
const GROUPS: [&str; 5] = [
    "succeeded",
    "error made by the gateway",
    "backend error passed on",
    "no answer, or a broken one",
    "skipped by the driver",
];

/// Rows of the heat map in a factor of ten, from one microsecond on: the preferred numbers R5 of ISO 3.
const ROWS_A_DECADE: f64 = 5.0;

/// Rows up to an hour and beyond; what is longer counts in the last.
const ROWS: usize = 48;

/// The run over time, and its distributions by traffic class and phase.
pub fn series(brief: &Brief, ledger: &Ledger) -> (Series, Vec<reports::Distribution>) {
    let Some(bins) = Bins::of(brief, ledger) else {
        return (Series::default(), Vec::new());
    };
    let mut filled = Filled::new(bins, brief.backends.len());
    let mut distributions = Distributions::new(brief);
    for entry in ledger.entries() {
        filled.take(&entry);
        distributions.take(brief, entry.exchange);
    }
    let mut hiccups = vec![0.0f64; bins.count];
    for hiccup in &ledger.rest().hiccups {
        let longest = &mut hiccups[bins.index(hiccup.at)];
        *longest = longest.max(milliseconds(hiccup.length / 1_000));
    }
    let series = Series { hiccup_max_ms: hiccups, ..filled.series(brief) };
    (series, distributions.finish(brief))
}

/// When planned faults are in force.
pub fn bands(brief: &Brief) -> Vec<Band> {
    let band = |(index, injection): (usize, &crate::brief::InjectionBrief)| Band {
        injection: index,
        name: injection.fault.clone(),
        backends: injection.backends.iter().map(|index| brief.backend_name(*index).into_owned()).collect(),
        from_s: injection.during.from.seconds(),
        to_s: injection.during.to.seconds(),
    };
    brief.injections.iter().enumerate().map(band).collect()
}

/// What is gathered while the ledger is read.
struct Filled {
    bins: Bins,
    outcomes: [Vec<u64>; GROUPS.len()],
    /// By backend; the last is for all that have no line of their own.
    attempts: Vec<Vec<u64>>,
    /// Response times in microseconds, by bin.
    response: Vec<Vec<u32>>,
    heat: Vec<Vec<u64>>,
    /// Lags in microseconds, by bin.
    lag: Vec<Vec<u32>>,
    /// Attempts for the requests of a bin.
    tries: Vec<u64>,
    tries_max: Vec<u64>,
    flight: Flight,
}

impl Filled {
    fn new(bins: Bins, backends: usize) -> Self {
        let counts = || vec![0u64; bins.count];
        Filled {
            bins,
            outcomes: std::array::from_fn(|_| counts()),
            attempts: vec![counts(); backends.min(LINES_MAX) + 1],
            response: vec![Vec::new(); bins.count],
            heat: vec![counts(); ROWS],
            lag: vec![Vec::new(); bins.count],
            tries: counts(),
            tries_max: counts(),
            flight: Flight::default(),
        }
    }

    fn take(&mut self, entry: &Entry<'_>) {
        let exchange = entry.exchange;
        let bin = self.bins.index(exchange.due);
        self.outcomes[group(exchange)][bin] += 1;
        let others = self.attempts.len() - 1;
        for attempt in entry.attempts {
            let line = usize::from(attempt.backend).min(others);
            self.attempts[line][self.bins.index(attempt.arrived)] += 1;
        }
        if !exchange.was_sent() {
            return;
        }
        let tries = entry.attempts.len() as u64;
        self.tries[bin] += tries;
        self.tries_max[bin] = self.tries_max[bin].max(tries);
        let micros = |length: std::time::Duration| u32::try_from(length.as_micros()).unwrap_or(u32::MAX);
        let response = micros(exchange.response_time());
        self.response[bin].push(response);
        self.heat[row(response)][bin] += 1;
        self.lag[bin].push(micros(exchange.lag()));
        self.flight.take(exchange.sent, exchange.done);
    }

    fn series(mut self, brief: &Brief) -> Series {
        let sent: Vec<usize> = self.response.iter().map(Vec::len).collect();
        let tries = self.tries.iter().zip(&sent);
        let mean = |(tries, sent): (&u64, &usize)| {
            (*sent > 0).then(|| (*tries as f64 * 1e3 / *sent as f64).round() / 1e3)
        };
        Series {
            bins: self.bins.count,
            bin_s: self.bins.width_s(),
            end_s: self.bins.end_s(),
            outcomes: lines(GROUPS.iter().map(ToString::to_string), self.outcomes.into()),
            attempts: backend_lines(brief, self.attempts),
            attempts_mean: tries.map(mean).collect(),
            attempts_max: self.tries_max,
            in_flight_max: self.flight.most(&self.bins),
            lag_p99_ms: self.lag.iter_mut().map(|lags| quantile(lags, 990)).collect(),
            response: QuantileLines {
                p50_ms: self.response.iter_mut().map(|times| quantile(times, 500)).collect(),
                p90_ms: self.response.iter_mut().map(|times| quantile(times, 900)).collect(),
                p99_ms: self.response.iter_mut().map(|times| quantile(times, 990)).collect(),
                max_ms: self.response.iter_mut().map(|times| quantile(times, 1000)).collect(),
            },
            heat: heat(self.heat),
            hiccup_max_ms: Vec::new(),
        }
    }
}

/// The group of an exchange, by how it ended.
fn group(exchange: &Exchange) -> usize {
    match exchange.outcome {
        Outcome::Skipped => 4,
        _ if exchange.succeeded() => 0,
        Outcome::Complete | Outcome::CloseDelimited if exchange.answered_by_backend() => 2,
        Outcome::Complete | Outcome::CloseDelimited => 1,
        _ => 3,
    }
}

/// The heat map's row of a time in microseconds.
fn row(micros: u32) -> usize {
    let place = f64::from(micros.max(1)).log10() * ROWS_A_DECADE;
    // A time on a row's lower bound must not fall below it by rounding.
    ((place + 1e-9) as usize).min(ROWS - 1)
}

/// The rows from the first to the last that has any exchange.
fn heat(rows: Vec<Vec<u64>>) -> Heat {
    let any = |row: &Vec<u64>| row.iter().any(|count| *count > 0);
    let (Some(first), Some(last)) = (rows.iter().position(any), rows.iter().rposition(any)) else {
        return Heat::default();
    };
    let bound = |row: usize| {
        let millis = 10f64.powf(row as f64 / ROWS_A_DECADE) / 1e3;
        // Four significant digits, so that the bound reads as 1.585 and not as 1.584893192461114.
        let scale = 10f64.powi(3 - millis.log10().floor() as i32);
        (millis * scale).round() / scale
    };
    let kept = rows.into_iter().enumerate().skip(first).take(last - first + 1);
    let rows = kept.map(|(row, counts)| HeatRow { from_ms: bound(row), to_ms: bound(row + 1), counts });
    Heat { rows: rows.collect() }
}

fn lines(names: impl Iterator<Item = String>, counts: Vec<Vec<u64>>) -> Vec<CountLine> {
    names.zip(counts).map(|(name, counts)| CountLine { name, counts }).collect()
}

fn backend_lines(brief: &Brief, mut counts: Vec<Vec<u64>>) -> Vec<CountLine> {
    if counts.last().is_some_and(|others| others.iter().all(|count| *count == 0)) {
        counts.pop();
    }
    let own = brief.backends.iter().take(LINES_MAX).map(|backend| backend.name.clone());
    lines(own.chain([OTHERS.to_owned()]), counts)
}

/// A quantile in thousandths of times in microseconds, in milliseconds, by the nearest rank; nothing of nothing.
fn quantile(times: &mut [u32], thousandths: usize) -> Option<f64> {
    let index = (times.len() * thousandths).div_ceil(1_000).checked_sub(1)?;
    let micros = *times.select_nth_unstable(index).1;
    Some(milliseconds(micros.into()))
}

fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1e3
}
