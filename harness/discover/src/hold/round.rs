//! Round numbers, which people would have written, within the bounds of what was measured.

use std::time::Duration;

use units::Timespan;

/// The roundest time between two bounds, both included: of as few digits as can be.
pub(super) fn within(low: Timespan, high: Timespan) -> Timespan {
    let (low, high) = (low.as_millis() as u64, high.as_millis() as u64);
    let mut step = 10_u64.pow(9);
    while step > 1 {
        for part in [step, step / 2] {
            // A multiple of it at or above the lower bound, but not zero.
            let found = low.max(1).div_ceil(part) * part;
            if found <= high {
                return Timespan(Duration::from_millis(found));
            }
        }
        step /= 10;
    }
    Timespan(Duration::from_millis(low.max(1)))
}

/// A time in the words of scenario files, to the millisecond.
pub(super) fn written(length: Timespan) -> String {
    let millis = length.as_millis();
    if millis.is_multiple_of(1_000) { format!("{}s", millis / 1_000) } else { format!("{millis}ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roundest_number_between_two_bounds_is_what_somebody_has_written() {
        let of = |low, high| within(Timespan::from_millis(low), Timespan::from_millis(high)).to_string();
        assert_eq!(of(295, 306), "300 ms");
        assert_eq!(of(1_480, 1_520), "1.5 s");
        assert_eq!(of(697, 1_100), "1 s");
        assert_eq!(of(247, 258), "250 ms");
        assert_eq!(of(417, 419), "417 ms");
        assert_eq!(of(0, 6), "5 ms");
        assert_eq!(of(7, 7), "7 ms");
        let words = |ms| written(Timespan::from_millis(ms));
        assert_eq!(
            (words(2_345), words(3_000), words(60_500)),
            ("2345ms".into(), "3s".into(), "60500ms".into())
        );
    }
}
