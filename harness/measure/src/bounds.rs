//! Measured lengths of time against their bounds, with brownout's own noise kept apart from the gateway's.

use std::fmt;
use std::time::Duration;

use units::Timespan;

/// Timers with a granularity of 1 ms can fire that much early.
const EARLY: Duration = Duration::from_millis(1);

/// Where a length of time must lie.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    low: Duration,
    high: Duration,
    noise: Duration,
}

impl Bounds {
    /// From `low` to `high`, give or take `tolerance`, as far as `noise` lets it be told.
    pub fn new(low: Duration, high: Duration, tolerance: Duration, noise: Duration) -> Self {
        Bounds {
            low: low.saturating_sub(tolerance).saturating_sub(EARLY),
            high: high.saturating_add(tolerance),
            noise,
        }
    }

    /// Shorter than allowed.
    pub fn is_below(&self, length: Duration) -> bool {
        length < self.low
    }

    /// Longer than allowed.
    pub fn is_above(&self, length: Duration) -> bool {
        length > self.high
    }

    /// Outside by more than the noise explains.
    fn is_certain(&self, length: Duration) -> bool {
        length < self.low.saturating_sub(self.noise) || length > self.high.saturating_add(self.noise)
    }
}

/// How many lengths lay where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub count: u64,
    /// Those that were too short.
    pub below: u64,
    /// Those that were too long.
    pub above: u64,
    certain: u64,
}

/// What follows from a tally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// At least 99 in 100 lie inside.
    Holds,
    /// More than one in 100 lies outside, or could, by no more than the noise explains.
    Blurred,
    /// More than one in 100 lies outside by more than the noise explains.
    Broken,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, bounds: &Bounds, length: Duration) {
        self.count += 1;
        self.below += u64::from(bounds.is_below(length));
        self.above += u64::from(bounds.is_above(length));
        self.certain += u64::from(bounds.is_certain(length));
    }

    /// Those outside.
    pub fn outside(&self) -> u64 {
        self.below + self.above
    }

    /// Rules with one outlier in a hundred: no scheduler is perfect, and a defect is not that rare.
    pub fn ruling(&self, tolerance: Duration, noise: Duration) -> Ruling {
        if self.certain * 100 > self.count {
            Ruling::Broken
        } else if noise > tolerance || self.outside() * 100 > self.count {
            Ruling::Blurred
        } else {
            Ruling::Holds
        }
    }
}

/// The figures of some lengths of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How many there are.
    pub count: u64,
    /// The middle one.
    pub median: Duration,
    /// The one that 99 in 100 don't exceed.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

impl Figures {
    /// The figures of `lengths`, all zero if there are none.
    pub fn of(mut lengths: Vec<Duration>) -> Self {
        lengths.sort_unstable();
        let at = |percent: usize| {
            let index = (lengths.len() * percent).div_ceil(100).saturating_sub(1);
            lengths.get(index).copied().unwrap_or_default()
        };
        Figures { count: lengths.len() as u64, median: at(50), p99: at(99), max: at(100) }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (median, p99, max) = (Timespan(self.median), Timespan(self.p99), Timespan(self.max));
        write!(f, "median {median}, p99 {p99}, max {max} of {}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn ruling(lengths: &[u64], noise: u64) -> Ruling {
        let bounds = Bounds::new(ms(300), ms(300), ms(50), ms(noise));
        let mut tally = Tally::default();
        for length in lengths {
            tally.add(&bounds, ms(*length));
        }
        tally.ruling(ms(50), ms(noise))
    }

    #[test]
    fn a_timer_may_fire_one_millisecond_before_its_tolerance_and_no_earlier() {
        assert_eq!(ruling(&[249], 0), Ruling::Holds);
        assert_eq!(ruling(&[248], 0), Ruling::Broken);
    }

    #[test]
    fn what_the_noise_explains_is_never_held_against_the_gateway() {
        assert_eq!(ruling(&[380], 0), Ruling::Broken);
        assert_eq!(ruling(&[380], 40), Ruling::Blurred);
        assert_eq!(ruling(&[300], 60), Ruling::Blurred);
        assert_eq!(ruling(&[900], 60), Ruling::Broken);
    }

    #[test]
    fn one_outlier_in_a_hundred_is_let_pass_and_two_are_not() {
        let mut lengths = [300; 100];
        lengths[7] = 900;
        assert_eq!(ruling(&lengths, 0), Ruling::Holds);
        lengths[8] = 900;
        assert_eq!(ruling(&lengths, 0), Ruling::Broken);
    }

    #[test]
    fn figures_name_the_middle_the_99th_percentile_and_the_longest() {
        let figures = Figures::of((1..=200).rev().map(ms).collect());
        assert_eq!(figures.to_string(), "median 100 ms, p99 198 ms, max 200 ms of 200");
        assert_eq!(Figures::of(vec![]), Figures::default());
    }
}
