//! Figures as people read them.

use crate::escape;
use crate::{Report, Verdict};

/// A length in milliseconds, with its unit: two decimals under 10 ms, seconds from 10 s on.
pub(crate) fn ms(length: f64) -> String {
    let size = length.abs();
    if !length.is_finite() {
        "unknown".to_owned()
    } else if size < 10.0 {
        format!("{:.2} ms", positive_zero(length))
    } else if size < 10_000.0 {
        format!("{length:.1} ms")
    } else if size < 1e12 {
        format!("{:.2} s", length / 1000.0)
    } else {
        format!("{:.2e} s", length / 1000.0)
    }
}

/// A length in milliseconds, with its unit: in microseconds under a tenth of a millisecond, else as [`ms`] has it.
pub(crate) fn fine(length: f64) -> String {
    if length > 0.0 && length < 0.0999 { format!("{:.1} µs", length * 1e3) } else { ms(length) }
}

/// A length in seconds, with its unit.
pub(crate) fn seconds(length: f64) -> String {
    if !length.is_finite() {
        "unknown".to_owned()
    } else if length.abs() < 1e9 {
        format!("{:.1} s", positive_zero(length))
    } else {
        format!("{length:.1e} s")
    }
}

/// A count, in groups of three digits from 10 000 on.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    if count < 10_000 {
        return digits;
    }
    let mut out = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A share of a whole in percent; a dash where the whole is nothing.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { "–".to_owned() } else { format!("{:.1} %", part as f64 * 100.0 / whole as f64) }
}

/// A share, 0 to 1, in percent, with one digit more than it takes to tell it from nothing and from all.
pub(crate) fn share(share: f64) -> String {
    let percent = share * 100.0;
    if !percent.is_finite() {
        return "unknown".to_owned();
    }
    let from_end = percent.abs().min((100.0 - percent).abs());
    let digits = if from_end == 0.0 { 0 } else { (1.0 - from_end.log10()).ceil().clamp(1.0, 6.0) as usize };
    let shown = format!("{percent:.digits$}");
    let shown = if digits > 0 { shown.trim_end_matches('0').trim_end_matches('.') } else { &shown };
    format!("{shown} %")
}

/// A figure in its unit: lengths of time and shares as above, all else as a number with its unit.
pub(crate) fn with_unit(value: f64, unit: &str) -> String {
    match unit {
        "ms" => fine(value),
        "s" => ms(value * 1e3),
        "share" => share(value),
        "" => number(value),
        unit => format!("{} {}", number(value), escape::plain(unit, 40)),
    }
}

/// A number: whole ones in groups of digits, others with two decimals, tiny and huge ones with a power of ten.
fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "unknown".to_owned()
    } else if value >= 0.0 && value.fract() == 0.0 && size < 1e15 {
        count(value as u64)
    } else if size != 0.0 && !(0.005..1e15).contains(&size) {
        format!("{value:.2e}")
    } else {
        format!("{value:.2}")
    }
}

/// Milliseconds, or a dash where they can't be told.
pub(crate) fn told(ms: Option<f64>) -> String {
    ms.map_or_else(|| "–".to_owned(), fine)
}

/// A moment of RFC 3339 without the parts of its second.
pub(crate) fn to_the_second(moment: &str) -> String {
    match moment.split_once('.') {
        Some((seconds, parts)) if parts.ends_with('Z') => format!("{seconds}Z"),
        _ => moment.to_owned(),
    }
}

/// The gateway's kind and version, harmless.
pub(crate) fn gateway(report: &Report) -> String {
    escape::name(&report.gateway_named())
}

/// The word that a verdict is announced with.
pub(crate) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Inconclusive => "INCONCLUSIVE",
        Verdict::Fail => "FAIL",
    }
}

// `-0.00 ms` would make readers look for a reason.
fn positive_zero(value: f64) -> f64 {
    if value > -0.005 && value < 0.0 { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_the_precision_that_is_of_use() {
        let lengths =
            [0.0, -0.001, 0.034, 9.994, 10.0, 412.34, 9_999.9, 12_345.6, 1e300, f64::NAN, f64::INFINITY];
        let shown: Vec<String> = lengths.iter().map(|length| ms(*length)).collect();
        insta::assert_snapshot!(
            shown.join(" | "),
            @"0.00 ms | 0.00 ms | 0.03 ms | 9.99 ms | 10.0 ms | 412.3 ms | 9999.9 ms | 12.35 s | 1.00e297 s | unknown | unknown"
        );
    }

    #[test]
    fn the_shortest_lengths_are_microseconds_where_there_is_room_for_them() {
        let shown: Vec<String> = [0.0, 0.001, 0.0995, 0.1, 5.0, -0.05].into_iter().map(fine).collect();
        insta::assert_snapshot!(shown.join(" | "), @"0.00 ms | 1.0 µs | 99.5 µs | 0.10 ms | 5.00 ms | -0.05 ms");
    }

    #[test]
    fn counts_are_grouped_from_ten_thousand_on() {
        let shown: Vec<String> = [0, 9_999, 10_000, 7_200_000, u64::MAX].into_iter().map(count).collect();
        insta::assert_snapshot!(shown.join(" | "), @"0 | 9999 | 10 000 | 7 200 000 | 18 446 744 073 709 551 615");
    }

    #[test]
    fn a_share_has_the_digits_that_tell_it_from_nothing_and_from_all() {
        let shown: Vec<String> = [0.0, 0.000_51, 0.0051, 0.5, 0.95, 0.9983, 0.999_99, 1.0, 1e-300, f64::NAN]
            .into_iter()
            .map(share)
            .collect();
        insta::assert_snapshot!(shown.join(" | "), @"0 % | 0.051 % | 0.51 % | 50 % | 95 % | 99.83 % | 99.999 % | 100 % | 0 % | unknown");
    }

    #[test]
    fn a_figure_stands_in_its_unit() {
        let figures = [
            (301.25, "ms"),
            (1.5, "s"),
            (0.25, "share"),
            (2.0, "attempts"),
            (1.667, "attempts"),
            (12_000.0, ""),
            (1e-9, "x\x1b"),
            (f64::MAX, ""),
        ];
        let shown: Vec<String> = figures.into_iter().map(|(value, unit)| with_unit(value, unit)).collect();
        insta::assert_snapshot!(shown.join(" | "), @r#"301.2 ms | 1500.0 ms | 25 % | 2 attempts | 1.67 attempts | 12 000 | 1.00e-9 x\u{1b} | 1.80e308"#);
    }

    #[test]
    fn a_gateway_that_says_its_own_name_with_its_version_is_named_once() {
        let mut report = crate::sample::report();
        let mut named = |kind: &str, version: Option<&str>| {
            (report.gateway, report.gateway_version) = (kind.to_owned(), version.map(str::to_owned));
            gateway(&report)
        };
        assert_eq!(named("nginx", Some("nginx 1.22.1")), "nginx 1.22.1");
        assert_eq!(named("haproxy", Some("HAProxy 3.0.2")), "HAProxy 3.0.2");
        assert_eq!(named("haproxy", Some("3.0.2")), "haproxy 3.0.2");
        assert_eq!(named("url", None), "url");
    }

    #[test]
    fn a_share_of_nothing_is_no_share() {
        assert_eq!(percent(0, 0), "–");
        assert_eq!(percent(1, 8), "12.5 %");
    }
}
