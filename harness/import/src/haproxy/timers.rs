//! Times as HAProxy writes them: `500`, `5s`, `1h` (configuration manual, section 2.5).

use units::Timespan;

/// The length of a time; a bare number is of milliseconds. Nothing if it is none.
pub(super) fn timespan(text: &str) -> Option<Timespan> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let micros = match &text[end..] {
        "us" => 1,
        "" | "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        _ => return None,
    };
    // HAProxy keeps whole milliseconds, rounded up.
    Some(Timespan::from_millis(number.checked_mul(micros)?.div_ceil(1_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_of_milliseconds() {
        let of = |text: &str| timespan(text).map(|length| length.as_millis());
        assert_eq!(of("500"), Some(500));
        assert_eq!(of("1500us"), Some(2));
        assert_eq!(of("5s"), Some(5_000));
        assert_eq!(of("2m"), Some(120_000));
        assert_eq!(of("1d"), Some(86_400_000));
        for wrong in ["", "s", "5 s", "-1", "1.5s", "5sec", "99999999999999999999", "18446744073709551615d"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
