//! Figures with their intervals, as findings show them.

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
