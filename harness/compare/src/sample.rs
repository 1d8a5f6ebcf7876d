//! What a figure rests on, and how two of its kind are told apart.

use super::stats::{self, DESIGN_EFFECT, Test, Z99};

/// The fewest requests beyond a quantile that say where it lies.
const BEYOND_MIN: f64 = 10.0;

/// The fewest observations of anything.
const COUNT_MIN: u64 = 20;

/// What a figure rests on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sample {
    /// So many of so many.
    Share { hits: u64, of: u64 },
    /// A mean of small numbers: how often each occurred, from 0 on.
    Mean { counts: Vec<u64> },
    /// A quantile of lengths: upper bounds in microseconds, with counts. The value is in milliseconds.
    Quantile { buckets: Vec<(u64, u64)>, q: f64 },
    /// A ratio with its standard error, and the observations behind it.
    Ratio { value: f64, error: f64, count: u64 },
    /// A figure of a single event, which no test can be made of.
    Event { value: Option<f64> },
}

/// A value with what is known of its error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Estimate {
    /// The value.
    pub value: f64,
    /// Half of its 99 % interval.
    pub half: f64,
    /// The observations that it rests on.
    pub count: u64,
}

impl Sample {
    /// The observations that it rests on.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Sample::Share { of, .. } => *of,
            Sample::Mean { counts } => counts.iter().sum(),
            Sample::Quantile { buckets, .. } => buckets.iter().map(|(_, count)| *count).sum(),
            Sample::Ratio { count, .. } => *count,
            Sample::Event { value } => u64::from(value.is_some()),
        }
    }

    /// The fewest observations that say anything.
    pub(crate) fn count_min(&self) -> u64 {
        match self {
            Sample::Quantile { q, .. } => ((BEYOND_MIN / (1.0 - q).max(1e-6)).round() as u64).max(COUNT_MIN),
            Sample::Event { .. } => 0,
            _ => COUNT_MIN,
        }
    }

    /// The value, if there is any.
    pub(crate) fn value(&self) -> Option<f64> {
        if let Sample::Event { value } = self {
            return *value;
        }
        if self.count() == 0 {
            return None;
        }
        Some(match self {
            Sample::Share { hits, of } => *hits as f64 / *of as f64,
            Sample::Mean { counts } => moments(counts).0,
            Sample::Quantile { buckets, q } => stats::quantile(buckets, *q) / 1e3,
            Sample::Ratio { value, .. } => *value,
            Sample::Event { .. } => return None,
        })
    }

    /// The value with its error.
    pub(crate) fn estimate(&self, seed: u64) -> Option<Estimate> {
        let value = self.value()?;
        let half = match self {
            Sample::Share { hits, of } => {
                let (low, high) = stats::wilson(*hits as f64 / DESIGN_EFFECT, *of as f64 / DESIGN_EFFECT);
                (high - low) / 2.0
            }
            Sample::Mean { counts } => Z99 * moments(counts).1,
            Sample::Quantile { buckets, q } => stats::quantile_error(buckets, *q, seed) / 1e3,
            Sample::Ratio { error, .. } => Z99 * error,
            Sample::Event { .. } => 0.0,
        };
        Some(Estimate { value, half, count: self.count() })
    }

    /// The test of two samples of a kind; nothing for single events, and for samples of different kinds.
    pub(crate) fn test(&self, after: &Sample, seed: u64) -> Option<Test> {
        match (self, after) {
            (Sample::Share { hits: x1, of: n1 }, Sample::Share { hits: x2, of: n2 }) => {
                Some(stats::shares((*x1, *n1), (*x2, *n2)))
            }
            (Sample::Mean { counts: before }, Sample::Mean { counts: after }) => {
                Some(stats::values(moments(before), moments(after)))
            }
            (Sample::Quantile { buckets: before, q }, Sample::Quantile { buckets: after, .. }) => {
                let test = stats::quantiles(before, after, *q, seed);
                Some(Test { p: test.p, low: test.low / 1e3, high: test.high / 1e3 })
            }
            (Sample::Ratio { value: a, error: e, .. }, Sample::Ratio { value: b, error: f, .. }) => {
                Some(stats::values((*a, *e), (*b, *f)))
            }
            _ => None,
        }
    }
}

/// Mean of small numbers, and its standard error. Numbers that are all alike are no proof that the next one is: the
/// variance is never taken for smaller than that of one deviating request.
pub(crate) fn moments(counts: &[u64]) -> (f64, f64) {
    let n = counts.iter().sum::<u64>() as f64;
    if n == 0.0 {
        return (0.0, f64::MAX.sqrt());
    }
    let weighted = |of: &dyn Fn(f64) -> f64| {
        counts.iter().enumerate().map(|(number, count)| of(number as f64) * *count as f64).sum::<f64>() / n
    };
    let mean = weighted(&|number| number);
    let variance = weighted(&|number| (number - mean).powi(2)).max(1.0 / n);
    (mean, (variance * DESIGN_EFFECT / n).sqrt())
}
