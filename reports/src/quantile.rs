//! Which quantiles a number of samples can tell.

use crate::{LatencyRow, TrafficRow};

/// How many samples must lie beyond a quantile. With fewer, it is the place of a few stragglers and moves from run to run;
/// it is the rule of the expectation `latency` as well.
const BEYOND_MIN: u64 = 10;

/// A quantile of a latency, or the largest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quantile {
    /// As people say it: `p99.9`.
    pub(crate) name: &'static str,
    /// As metrics have it: `0.999`.
    pub(crate) share: &'static str,
    /// The value in milliseconds; `None` where the samples don't suffice.
    pub(crate) ms: Option<f64>,
}

impl LatencyRow {
    /// The quantiles of the row, smallest first and the largest value last.
    pub(crate) fn quantiles(&self) -> [Quantile; 5] {
        let told = |name, share, one_in, ms| Quantile { name, share, ms: told(self.count, one_in, ms) };
        [
            told("p50", "0.5", 2, self.p50_ms),
            told("p90", "0.9", 10, self.p90_ms),
            told("p99", "0.99", 100, self.p99_ms),
            told("p99.9", "0.999", 1_000, self.p999_ms),
            Quantile { name: "max", share: "1", ms: (self.count > 0).then_some(self.max_ms) },
        ]
    }
}

impl LatencyRow {
    /// The 99th percentile in milliseconds, if the samples suffice.
    pub(crate) fn p99(&self) -> Option<f64> {
        told(self.count, 100, self.p99_ms)
    }
}

impl TrafficRow {
    /// Median and 99th percentile of the lag, in milliseconds.
    pub(crate) fn lags(&self) -> [Option<f64>; 2] {
        let sent = self.exchanges.saturating_sub(self.skipped);
        [told(sent, 2, self.lag_p50_ms), told(sent, 100, self.lag_p99_ms)]
    }
}

/// The value of a quantile beyond which one sample in `one_in` lies, if enough of `count` do.
fn told(count: u64, one_in: u64, ms: f64) -> Option<f64> {
    (count / one_in >= BEYOND_MIN).then_some(ms)
}

#[cfg(test)]
mod tests {
    use crate::sample;

    #[test]
    fn a_quantile_is_told_from_the_sample_on_that_leaves_ten_beyond_it() {
        let mut row = sample::report().latencies.remove(0);
        for (count, told) in [
            (0, 0),
            (1, 1),
            (19, 1),
            (20, 2),
            (99, 2),
            (100, 3),
            (999, 3),
            (1_000, 4),
            (9_999, 4),
            (10_000, 5),
        ] {
            row.count = count;
            let found = row.quantiles().iter().filter(|quantile| quantile.ms.is_some()).count();
            assert_eq!(found, told, "{count} samples");
        }
    }

    #[test]
    fn requests_that_were_never_sent_have_no_lag() {
        let mut class = sample::report().traffic.remove(0);
        class.skipped = class.exchanges - 20;
        assert_eq!(class.lags(), [Some(class.lag_p50_ms), None]);
    }
}
