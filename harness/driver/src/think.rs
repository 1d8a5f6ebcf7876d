//! Think times: how long a user of a closed loop waits between an answer and the next request.

use std::time::Duration;

use evidence::Tag;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Draw, Timespan};

/// How long a user thinks between an answer and the next request, drawn anew each time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Think {
    /// Always as long. Users that begin together then go on together, as long as answers take the same time.
    Fixed(Timespan),
    /// Every time between two is as likely.
    Uniform {
        /// The shortest time.
        from: Timespan,
        /// The longest time.
        to: Timespan,
    },
    /// An exponential distribution, as between independent events; cut at ten times the mean.
    Exponential {
        /// The mean.
        mean: Timespan,
    },
}

/// An exponential time is this many means at the most, which five in 100 000 would exceed.
const MEANS_MAX: f64 = 10.0;

/// Tells the draws of think times from all others of a seed.
const THINK: u64 = 0x0074_6869_6e6b;

impl Think {
    /// The longest time that can be drawn.
    pub fn longest(&self) -> Timespan {
        match self {
            Think::Fixed(time) => *time,
            Think::Uniform { to, .. } => *to,
            Think::Exponential { mean } => Timespan(mean.mul_f64(MEANS_MAX)),
        }
    }

    /// How long the user thinks whose request with this tag is over.
    pub(crate) fn after(&self, seed: u64, tag: Tag) -> Duration {
        // The upper 53 bits are a number from 0 up to 1, without it, that a float holds exactly.
        let unit = (Draw::new(seed).with(THINK).with(tag.0).bits() >> 11) as f64 / (1u64 << 53) as f64;
        match self {
            Think::Fixed(time) => **time,
            Think::Uniform { from, to } => **from + to.saturating_sub(**from).mul_f64(unit),
            Think::Exponential { mean } => mean.mul_f64((-(1.0 - unit).ln()).min(MEANS_MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(think: Think, seed: u64) -> Vec<f64> {
        (0..20_000).map(|tag| think.after(seed, Tag(tag)).as_secs_f64()).collect()
    }

    #[test]
    fn a_fixed_time_is_always_the_same() {
        assert!(
            drawn(Think::Fixed(Timespan::from_millis(250)), 7)
                .iter()
                .all(|time| (*time - 0.25).abs() < 1e-12)
        );
    }

    #[test]
    fn a_uniform_time_lies_between_its_bounds_and_fills_them_evenly() {
        let times = drawn(Think::Uniform { from: Timespan::from_secs(1), to: Timespan::from_secs(3) }, 7);
        assert!(times.iter().all(|time| (1.0..=3.0).contains(time)));
        for quarter in 0..4 {
            let from = 1.0 + f64::from(quarter) / 2.0;
            let count = times.iter().filter(|time| (from..from + 0.5).contains(*time)).count();
            // 5000 of 20 000, and five standard deviations of 61 to each side.
            assert!((4690..5310).contains(&count), "{count} from {from} s");
        }
    }

    #[test]
    fn an_exponential_time_has_its_mean_and_its_median_and_an_end() {
        let mut times = drawn(Think::Exponential { mean: Timespan::from_secs(2) }, 7);
        times.sort_by(f64::total_cmp);
        let (average, median) = (times.iter().sum::<f64>() / 20_000.0, times[10_000]);
        // Five standard errors: 2 / √20 000 of the mean, and the same of the median.
        assert!((average - 2.0).abs() < 0.071, "{average}");
        assert!((median - 2.0 * 2.0f64.ln()).abs() < 0.071, "{median}");
        assert!(times[19_999] <= 20.0);
    }

    #[test]
    fn times_depend_on_the_seed_and_the_tag_alone() {
        let think = Think::Exponential { mean: Timespan::from_secs(1) };
        assert_eq!(drawn(think, 1), drawn(think, 1));
        assert_ne!(drawn(think, 1), drawn(think, 2));
    }
}
