//! Figures with their intervals, as findings show them.

use std::time::Duration;

use reports::Estimate;
use units::stats::share_interval;

/// The confidence of intervals.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// A share of cases, by Clopper and Pearson.
pub(crate) fn share(what: impl Into<String>, hits: u64, count: u64) -> Estimate {
    let (low, high) = share_interval(hits, count, CONFIDENCE);
    let value = (count > 0).then(|| hits as f64 / count as f64);
    Estimate { what: what.into(), value, low, high, unit: "share".into(), confidence: CONFIDENCE }
}

/// A figure that was counted, so that it is certain.
pub(crate) fn counted(what: impl Into<String>, value: f64, unit: &str) -> Estimate {
    Estimate {
        what: what.into(),
        value: Some(value),
        low: value,
        high: value,
        unit: unit.into(),
        confidence: 1.0,
    }
}

/// A length of time in milliseconds, between two ends; None where it has no end.
pub(crate) fn millis(
    what: impl Into<String>,
    value: Duration,
    low: Option<Duration>,
    high: Option<Duration>,
) -> Estimate {
    let ms = |length: Duration| length.as_secs_f64() * 1e3;
    Estimate {
        what: what.into(),
        value: Some(ms(value)),
        low: low.map_or(0.0, ms),
        high: high.map_or(f64::INFINITY, ms),
        unit: "ms".into(),
        confidence: CONFIDENCE,
    }
}
