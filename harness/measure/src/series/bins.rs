//! The shared time axis.

use evidence::Ledger;
use reports::BINS_MAX;
use units::Moment;

use crate::brief::Brief;

/// The fewest bins that the axis is cut into, for a run with little traffic.
const BINS_MIN: usize = 40;

/// With fewer exchanges a bin than this, a rate over time is mostly noise.
const EXCHANGES_A_BIN: usize = 10;

/// Equal bins from the epoch to the end of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bins {
    /// How many there are.
    pub count: usize,
    /// The width of a bin, in nanoseconds.
    width: i64,
    /// The end of the axis, in nanoseconds.
    end: i64,
}

impl Bins {
    /// The axis of a run; nothing if nothing was recorded after the epoch.
    ///
    /// A run that was carried out whole ends with its plan, even where its last answer came a moment earlier.
    pub(super) fn of(brief: &Brief, ledger: &Ledger) -> Option<Self> {
        let rest = ledger.rest();
        let planned = brief.phases.last().map_or(0, |phase| phase.during.to.0);
        let whole = !rest.cut && rest.early.is_none() && rest.ended.0 > 0;
        let ended = if whole { rest.ended.0.max(planned) } else { rest.ended.0 };
        let end =
            if ended > 0 { ended } else { ledger.entries().map(|entry| entry.exchange.done.0).max()? };
        let most = (ledger.entries().len() / EXCHANGES_A_BIN).clamp(BINS_MIN, BINS_MAX) as i64;
        let width = round_width(end.checked_sub(1)? / most + 1)?;
        let count = (end - 1) / width + 1;
        (end > 0).then_some(Bins { count: count as usize, width, end })
    }

    /// The bin of a moment; the first or the last for one outside.
    pub(super) fn index(&self, moment: Moment) -> usize {
        (moment.0.max(0) / self.width).min(self.count as i64 - 1) as usize
    }

    /// The width of a bin, in seconds.
    pub(super) fn width_s(&self) -> f64 {
        self.width as f64 / 1e9
    }

    /// The end of the axis, in seconds.
    pub(super) fn end_s(&self) -> f64 {
        self.end as f64 / 1e9
    }
}

/// The smallest round width (1, 2 or 5 times a power of ten) that is not under `least` nanoseconds.
fn round_width(least: i64) -> Option<i64> {
    let mut power = 1i64;
    loop {
        for step in [1, 2, 5] {
            let width = power.checked_mul(step)?;
            if width >= least {
                return Some(width);
            }
        }
        power = power.checked_mul(10)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_width_is_round_and_never_too_small() {
        assert_eq!(round_width(1), Some(1));
        assert_eq!(round_width(50_000_000), Some(50_000_000));
        assert_eq!(round_width(50_000_001), Some(100_000_000));
        assert_eq!(round_width(i64::MAX), None, "longer than any run");
    }
}
