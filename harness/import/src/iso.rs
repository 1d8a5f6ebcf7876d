//! Times as Azure writes them: `PT1M`, `P1D` (ISO 8601, also as .NET's `00:01:00`).

use jiff::{SignedDuration, Span, SpanRelativeTo};
use units::Timespan;

/// The length of a time; nothing if it is none, or negative, or has months, whose length nobody knows.
pub(crate) fn timespan(text: &str) -> Option<Timespan> {
    let text = text.trim();
    let length = if text.starts_with(['P', 'p']) {
        let span: Span = text.parse().ok()?;
        if span.get_years() != 0 || span.get_months() != 0 {
            return None;
        }
        span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?
    } else {
        let parts: Vec<u32> = text.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        let [hours, minutes, seconds] = parts[..] else { return None };
        SignedDuration::from_secs(i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds))
    };
    length.try_into().ok().map(Timespan)
}

/// A time in the words of a scenario: `"250ms"`, `"90s"`.
pub(crate) fn written(length: Timespan) -> String {
    let millis = length.0.as_millis();
    if millis.is_multiple_of(1000) { format!("{}s", millis / 1000) } else { format!("{millis}ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_azure_are_read_in_both_forms() {
        let of = |text: &str| timespan(text).map(written);
        assert_eq!(of("PT1M"), Some("60s".into()));
        assert_eq!(of("P1D"), Some("86400s".into()));
        assert_eq!(of("PT1M30S"), Some("90s".into()));
        assert_eq!(of("PT0.5S"), Some("500ms".into()));
        assert_eq!(of("00:01:00"), Some("60s".into()));
        for wrong in ["", "1M", "P1M", "-PT1S", "PT", "1:2", "P99999999999999999Y", "::"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
