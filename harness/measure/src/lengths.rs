//! Lengths of time that were observed: their median with its interval, their range, and the clusters that they form.

use std::fmt;
use std::time::Duration;

use reports::Estimate;
use units::Timespan;
use units::stats::at_most;

/// The confidence of the interval of a median.
const CONFIDENCE: f64 = 0.95;

/// Two lengths belong to one cluster if they are no further apart than a tenth of the longer one …
const APART: f64 = 0.1;

/// … or than this: timers of 1 ms granularity, on a machine that does other things too, spread so far.
const APART_MIN: Duration = Duration::from_millis(10);

/// Lengths of time, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lengths(Vec<Duration>);

/// Lengths that lie together, as those of one timer do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// How many there are.
    pub count: u64,
    /// The shortest.
    pub shortest: Duration,
    /// The middle one.
    pub median: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Lengths {
    /// Lengths in whatever order.
    pub fn of(mut lengths: Vec<Duration>) -> Self {
        lengths.sort_unstable();
        Lengths(lengths)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// In order.
    pub fn sorted(&self) -> &[Duration] {
        &self.0
    }

    /// The one that `part` (0 to 1) of them don't exceed, by the nearest rank; None if there are none.
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let rank = ((self.0.len() as f64 * part).ceil() as usize).max(1);
        self.0.get(rank.min(self.0.len()).checked_sub(1)?).copied()
    }

    /// The middle one.
    pub fn median(&self) -> Option<Duration> {
        self.quantile(0.5)
    }

    /// The shortest and the longest.
    pub fn range(&self) -> Option<(Duration, Duration)> {
        Some((*self.0.first()?, *self.0.last()?))
    }

    /// The interval of the median with its confidence, by order statistics (Conover 1999, section 3.2): it assumes
    /// nothing of how the lengths are spread. With fewer than 6, the range and what confidence that gives.
    pub fn interval(&self) -> Option<(Duration, Duration, f64)> {
        let (count, (shortest, longest)) = (self.count(), self.range()?);
        let tail = (1.0 - CONFIDENCE) / 2.0;
        if at_most(0, count, 0.5) > tail {
            return Some((shortest, longest, 1.0 - 2.0 * at_most(0, count, 0.5)));
        }
        // The highest rank whose tail is small enough. The tails grow with the rank, so that halving finds it.
        let (mut low, mut high) = (0, count / 2);
        while high - low > 1 {
            let middle = low.midpoint(high);
            if at_most(middle, count, 0.5) <= tail { low = middle } else { high = middle }
        }
        let index = low as usize;
        Some((self.0[index], self.0[self.0.len() - 1 - index], CONFIDENCE))
    }

    /// The median as a report tells it, in milliseconds; None if there are no lengths.
    pub fn estimate(&self, what: impl Into<String>) -> Option<Estimate> {
        let (low, high, confidence) = self.interval()?;
        let ms = |length: Duration| (length.as_secs_f64() * 1e6).round() / 1e3;
        let value = self.median().map(ms);
        Some(Estimate {
            what: what.into(),
            value,
            low: ms(low),
            high: ms(high),
            unit: "ms".into(),
            confidence,
        })
    }

    /// The clusters that they form, shortest first.
    pub fn clusters(&self) -> Vec<Cluster> {
        let near = |a: &Duration, b: &Duration| b.saturating_sub(*a) <= b.mul_f64(APART).max(APART_MIN);
        self.0.chunk_by(near).filter_map(|together| Lengths(together.to_vec()).cluster()).collect()
    }

    /// All of them as one cluster; None if there are none.
    pub fn cluster(&self) -> Option<Cluster> {
        let (shortest, longest) = self.range()?;
        Some(Cluster { count: self.count(), shortest, median: self.median()?, longest })
    }
}

impl Cluster {
    /// True if a length lies as near to the cluster as its own lengths lie to each other.
    pub fn holds(&self, length: Duration) -> bool {
        let room = self.median.mul_f64(APART).max(APART_MIN);
        length.saturating_add(room) >= self.shortest && length <= self.longest.saturating_add(room)
    }
}

/// `median 301 ms, 299 ms to 304 ms, of 200`.
impl fmt::Display for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.median(), self.range()) {
            (Some(median), Some((shortest, longest))) => {
                let (median, from, to) = (Timespan(median), Timespan(shortest), Timespan(longest));
                write!(f, "median {median}, {from} to {to}, of {}", self.count())
            }
            _ => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(lengths: impl IntoIterator<Item = u64>) -> Lengths {
        Lengths::of(lengths.into_iter().map(Duration::from_millis).collect())
    }

    #[test]
    fn the_interval_of_a_median_is_that_of_the_tables() {
        // Conover's table of the binomial: of 20 observations, the 6th and the 15th bound the median at 95 %.
        let (low, high, confidence) = ms(1..=20).interval().unwrap();
        assert_eq!((low.as_millis(), high.as_millis(), confidence), (6, 15, 0.95));
        let (low, high, confidence) = ms(1..=3).interval().unwrap();
        assert_eq!((low.as_millis(), high.as_millis()), (1, 3));
        assert!((confidence - 0.75).abs() < 1e-9);
        assert_eq!(ms([]).interval(), None);
        assert_eq!(ms([]).to_string(), "none");
    }

    #[test]
    fn two_timers_are_two_clusters() {
        let clusters = ms((0..50).map(|n| 298 + n % 5).chain((0..20).map(|n| 100 + n % 3))).clusters();
        let figures: Vec<_> = clusters.iter().map(|one| (one.count, one.median.as_millis())).collect();
        assert_eq!(figures, [(20, 101), (50, 300)]);
        assert!(
            clusters[1].holds(Duration::from_millis(310)) && !clusters[1].holds(Duration::from_millis(240))
        );
    }

    proptest! {
        #[test]
        fn a_median_lies_in_its_interval_and_clusters_hold_all_lengths(
            lengths in prop::collection::vec(0u64..100_000, 1..300),
        ) {
            let lengths = ms(lengths);
            let (low, high, _) = lengths.interval().unwrap();
            let median = lengths.median().unwrap();
            prop_assert!(low <= median && median <= high);
            let held: u64 = lengths.clusters().iter().map(|cluster| cluster.count).sum();
            prop_assert_eq!(held, lengths.count());
        }
    }
}
