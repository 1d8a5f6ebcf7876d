//! Measured lengths of time against their bounds, with brownout's own disturbance kept apart from the gateway's.

use std::time::Duration;

/// Timers with a granularity of 1 ms can fire that much early.
const EARLY: Duration = Duration::from_millis(1);

/// Where a length of time must lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    low: Duration,
    high: Duration,
}

/// On which side of its bounds a length lies, as far as its own disturbance lets it be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Inside.
    Inside,
    /// Shorter than allowed, by more than the disturbance.
    Below,
    /// Longer than allowed, by more than the disturbance.
    Above,
    /// The disturbance reaches across a bound.
    Untold,
}

impl Bounds {
    /// From `low` to `high`, give or take `tolerance`.
    pub fn new(low: Duration, high: Duration, tolerance: Duration) -> Self {
        Bounds {
            low: low.saturating_sub(tolerance).saturating_sub(EARLY),
            high: high.saturating_add(tolerance),
        }
    }

    /// The longest that is allowed.
    pub fn high(&self) -> Duration {
        self.high
    }

    /// Shorter than allowed.
    pub fn is_below(&self, length: Duration) -> bool {
        length < self.low
    }

    /// Longer than allowed.
    pub fn is_above(&self, length: Duration) -> bool {
        length > self.high
    }

    /// The side of a length that brownout itself may have disturbed by `blur`.
    pub fn side(&self, length: Duration, blur: Duration) -> Side {
        let (least, most) = (length.saturating_sub(blur), length.saturating_add(blur));
        if self.is_below(most) {
            Side::Below
        } else if self.is_above(least) {
            Side::Above
        } else if self.is_below(least) || self.is_above(most) {
            Side::Untold
        } else {
            Side::Inside
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[rstest]
    #[case::one_millisecond_before_its_tolerance(249, 0, Side::Inside)]
    #[case::two_before(248, 0, Side::Below)]
    #[case::late(351, 0, Side::Above)]
    #[case::late_by_more_than_the_stall(400, 40, Side::Above)]
    #[case::late_by_less(380, 40, Side::Untold)]
    #[case::in_time_but_near_a_bound(330, 40, Side::Untold)]
    #[case::in_time_whatever_the_stall(300, 40, Side::Inside)]
    #[case::early_by_more_than_the_stall(200, 40, Side::Below)]
    fn a_length_is_outside_only_by_more_than_its_own_disturbance(
        #[case] length: u64,
        #[case] blur: u64,
        #[case] side: Side,
    ) {
        assert_eq!(Bounds::new(ms(300), ms(300), ms(50)).side(ms(length), ms(blur)), side);
    }

    proptest! {
        #[test]
        fn without_disturbance_there_is_always_a_side(low: u32, more: u32, length: u64) {
            let bounds = Bounds::new(ms(low.into()), ms(u64::from(low) + u64::from(more)), ms(5));
            prop_assert_ne!(bounds.side(ms(length), Duration::ZERO), Side::Untold);
        }
    }
}
