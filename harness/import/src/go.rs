//! Times as programs in Go write them: `300ms`, `1m30s`, `1.5h` (`time.ParseDuration`), and `1d`, which Caddy takes as well.

use std::time::Duration;

use units::Timespan;

/// Units in nanoseconds.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// The length of a time in whole milliseconds, rounded up. Nothing if it is none, or if it is longer than a century.
pub(crate) fn timespan(text: &str) -> Option<Timespan> {
    let (mut rest, mut total) = (text, 0.0_f64);
    if rest == "0" {
        return Some(Timespan::from_millis(0));
    }
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !(letter.is_ascii_digit() || letter == '.'))?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(rest.len());
        let (_, nanos) = UNITS.iter().find(|(unit, _)| *unit == &rest[..end])?;
        total += number * *nanos as f64;
        rest = &rest[end..];
    }
    nanos(total)
}

/// The same of a number of nanoseconds.
pub(crate) fn nanos(number: f64) -> Option<Timespan> {
    const CENTURY: f64 = 100.0 * 365.0 * 86_400e9;
    let fits = (0.0..=CENTURY).contains(&number);
    fits.then(|| Timespan(Duration::from_millis((number / 1e6).ceil() as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units_and_stand_behind_each_other() {
        let of = |text: &str| timespan(text).map(|length| length.as_millis());
        assert_eq!(of("300ms"), Some(300));
        assert_eq!(of("1m30s"), Some(90_000));
        assert_eq!(of("1.5h"), Some(5_400_000));
        assert_eq!(of("1d"), Some(86_400_000));
        assert_eq!(of("10us"), Some(1));
        assert_eq!(of("0"), Some(0));
        for wrong in ["", "5", "-1s", "s", "1 s", "1.2.3s", "1s5", "9999999999h", "1M"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
