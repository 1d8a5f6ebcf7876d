//! How far a length of time may be off where a scenario does not say.

use std::time::Duration;

use units::Timespan;

/// Timers of real gateways fire up to 10 ms late on an idle machine (Envoy, nginx, HAProxy, measured), whatever their
/// length.
const GRANULARITY: Duration = Duration::from_millis(10);

/// The tolerance of a demanded length: as asked for, or a tenth of the length, but never finer than timers are, and never
/// so coarse that half the length would do.
pub(crate) fn of(asked: Option<Timespan>, length: Duration) -> Duration {
    asked.map_or_else(|| (length / 10).max(GRANULARITY).min(length / 2), |asked| *asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_but_no_finer_than_timers_and_never_more_than_half() {
        let of = |ms: u64| super::of(None, Duration::from_millis(ms)).as_micros();
        assert_eq!([300, 100, 50, 10, 3].map(of), [30_000, 10_000, 10_000, 5_000, 1_500]);
        let asked = Some(Timespan::from_millis(70));
        assert_eq!(super::of(asked, Duration::from_millis(300)).as_millis(), 70);
    }
}
