//! What one of several instances counted within a window, told by the parts of the window: exact times would make a state of
//! its own of each way to share the results out.

use std::time::Duration;

use units::Moment;

/// So many parts make a window.
const PARTS: usize = 8;

/// Failures by when they were known, in parts of a window; a part more, since a window rarely begins with a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Recent {
    newest: i64,
    parts: [u8; PARTS + 1],
}

impl Recent {
    /// One failure more.
    pub(super) fn count(mut self, at: Moment, within: Duration) -> Self {
        let part = at.0.div_euclid(width(within));
        let gone = usize::try_from(part.saturating_sub(self.newest)).unwrap_or(0).min(self.parts.len());
        self.parts.rotate_right(gone);
        self.parts[..gone].fill(0);
        self.newest = self.newest.max(part);
        self.parts[0] = self.parts[0].saturating_add(1);
        self
    }

    /// Nothing, once the last failure is as long ago as that.
    pub(super) fn since(self, now: Moment, ago: Duration) -> Self {
        let (_, most) = self.within(now, ago, Duration::ZERO);
        if most == 0 { Recent::default() } else { self }
    }

    /// The fewest and the most of them in the window that ends at a moment, which is known to a blur.
    pub(super) fn within(&self, end: Moment, within: Duration, blur: Duration) -> (u32, u32) {
        let width = width(within);
        let start = end.0.saturating_sub(nanos(within));
        let (sure, old) = (start.saturating_add(nanos(blur)), start.saturating_sub(nanos(blur)));
        let (mut fewest, mut most) = (0, 0);
        for (back, count) in self.parts.iter().enumerate() {
            let from = self.newest.saturating_sub(back as i64).saturating_mul(width);
            fewest += if from >= sure { u32::from(*count) } else { 0 };
            most += if from.saturating_add(width) > old { u32::from(*count) } else { 0 };
        }
        (fewest, most)
    }
}

fn width(within: Duration) -> i64 {
    (nanos(within) / PARTS as i64).max(1)
}

fn nanos(length: Duration) -> i64 {
    i64::try_from(length.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_in_a_window_lies_between_the_fewest_and_the_most(
            gaps in prop::collection::vec(0u64..2_000, 1..60),
            within in 8u64..4_000,
            later in 0u64..3_000,
        ) {
            let within = Duration::from_millis(within);
            let (mut now, mut times, mut recent) = (Moment::EPOCH, Vec::new(), Recent::default());
            for gap in gaps {
                now = now + Duration::from_millis(gap);
                times.push(now);
                recent = recent.count(now, within);
            }
            let end = now + Duration::from_millis(later);
            let inside = times.iter().filter(|time| end.since(**time) <= within).count() as u32;
            let (fewest, most) = recent.within(end, within, Duration::ZERO);
            prop_assert!(fewest <= inside && inside <= most.max(inside.min(255)), "{fewest} {inside} {most}");
        }
    }

    #[test]
    fn a_window_without_an_end_forgets_nothing() {
        let mut recent = Recent::default();
        for second in 0..100 {
            recent = recent.count(Moment::EPOCH + Duration::from_secs(second), Duration::MAX);
        }
        let end = Moment::EPOCH + Duration::from_secs(100);
        assert_eq!(recent.within(end, Duration::MAX, Duration::ZERO), (100, 100));
    }
}
