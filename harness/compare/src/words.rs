//! Figures as a comparison shows them.

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A share, shown in percent.
    Share,
    /// Milliseconds.
    Ms,
    /// Attempts for each request.
    Attempts,
    /// A count of events.
    Count,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// The name in a baseline.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Unit::Share => "share",
            Unit::Ms => "ms",
            Unit::Attempts => "attempts",
            Unit::Count => "count",
            Unit::Bytes => "bytes",
        }
    }

    /// The unit of a name in a baseline.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let all = [Unit::Share, Unit::Ms, Unit::Attempts, Unit::Count, Unit::Bytes];
        all.into_iter().find(|unit| unit.name() == name)
    }

    /// A value with its unit; a dash for none.
    pub(crate) fn show(self, value: Option<f64>) -> String {
        let Some(value) = value.filter(|value| value.is_finite()) else {
            return "–".into();
        };
        match self {
            Unit::Share => format!("{} %", figure(value * 100.0)),
            Unit::Ms => format!("{} ms", figure(value)),
            Unit::Attempts => format!("{value:.3}"),
            Unit::Count => format!("{value:.0}"),
            Unit::Bytes => format!("{value:.0} bytes"),
        }
    }

    /// A difference, in words that fit between two values.
    pub(crate) fn difference(self, value: f64) -> String {
        match self {
            Unit::Share => format!("{} percentage points", figure(value * 100.0)),
            _ => self.show(Some(value)),
        }
    }
}

fn figure(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size >= 1.0 || size == 0.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

/// A number of requests, rounded up to one significant digit, in groups of three.
pub(crate) fn about(count: f64) -> String {
    if !count.is_finite() || count > 1e12 {
        return "more than any run can send".into();
    }
    let count = count.max(1.0);
    let scale = 10f64.powf(count.log10().floor());
    let digits = format!("{:.0}", (count / scale).ceil() * scale);
    let mut out = String::from("about ");
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_are_rounded_up_and_grouped() {
        assert_eq!(
            [0.2, 4.0, 11.0, 3_700.0, 1e6].map(about),
            ["about 1", "about 4", "about 20", "about 4 000", "about 1 000 000"]
        );
        assert_eq!(about(f64::INFINITY), "more than any run can send");
    }

    #[test]
    fn values_have_their_units() {
        assert_eq!(Unit::Share.show(Some(0.0125)), "1.25 %");
        assert_eq!(Unit::Ms.show(Some(301.23)), "301 ms");
        assert_eq!(Unit::Attempts.show(None), "–");
        assert_eq!(Unit::Share.difference(0.02), "2.00 percentage points");
    }
}
