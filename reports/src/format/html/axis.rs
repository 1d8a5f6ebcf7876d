//! The axes of the charts: where a moment and a value lie on a drawing, and which of them are labelled.

use crate::figures;
use crate::{BINS_MAX, Series};

/// The height of a plot, in units of its drawing.
pub(super) const HEIGHT: f64 = 1000.0;

/// Units of a drawing for each bin of the time axis.
const BIN: f64 = 10.0;

/// The most labels on an axis.
const LABELS_MAX: f64 = 6.0;

/// The shared time axis.
#[derive(Clone, Copy)]
pub(super) struct Time {
    pub(super) bins: usize,
    bin_s: f64,
    end_s: f64,
}

impl Time {
    /// The axis of a series; nothing where there is none, or one that makes no sense (a saved report may be edited).
    pub(super) fn of(series: &Series) -> Option<Self> {
        let sane = |length: f64| length.is_finite() && length > 1e-9 && length < 1e9;
        let whole = (1..=BINS_MAX).contains(&series.bins) && sane(series.bin_s) && sane(series.end_s);
        let covers = series.bin_s * series.bins as f64 >= series.end_s * 0.999;
        let tight = series.bin_s * (series.bins as f64 - 1.0) <= series.end_s;
        (whole && covers && tight).then_some(Time {
            bins: series.bins,
            bin_s: series.bin_s,
            end_s: series.end_s,
        })
    }

    /// The width of the drawing, in its units.
    pub(super) fn width(self) -> f64 {
        self.end_s / self.bin_s * BIN
    }

    /// Where a moment lies, in units of the drawing.
    pub(super) fn x(self, moment_s: f64) -> f64 {
        self.share(moment_s) * self.width()
    }

    /// Where a moment lies, from 0 to 1.
    pub(super) fn share(self, moment_s: f64) -> f64 {
        let share = moment_s / self.end_s;
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Start and end of a bin, in seconds. The last one ends with the axis.
    pub(super) fn bin(self, index: usize) -> (f64, f64) {
        let from = self.bin_s * index as f64;
        (from.min(self.end_s), (from + self.bin_s).min(self.end_s))
    }

    /// Where the middle of a bin lies, in units of the drawing.
    pub(super) fn middle(self, index: usize) -> f64 {
        let (from, to) = self.bin(index);
        self.x(f64::midpoint(from, to))
    }

    /// A count in a bin as a rate a second; nothing in a last bin so short that one request more or less would look
    /// like a collapse or a burst.
    pub(super) fn rate(self, index: usize, count: u64) -> Option<f64> {
        let (from, to) = self.bin(index);
        (to - from >= self.bin_s / 2.0 || self.bins == 1).then(|| count as f64 / (to - from).max(1e-9))
    }

    /// The moments that are labelled, as shares of the axis.
    pub(super) fn labels(self) -> Vec<(f64, String)> {
        let step = round_up(self.end_s / LABELS_MAX);
        let places = if step < 1.0 { (-step.log10()).ceil() as usize } else { 0 };
        (0..=LABELS_MAX as usize)
            .map(|nth| step * nth as f64)
            .filter(|moment| *moment <= self.end_s * 1.0001)
            .map(|moment| (self.share(moment), format!("{moment:.places$} s")))
            .collect()
    }
}

/// What a value axis shows.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Unit {
    /// Events a second.
    Rate,
    /// Milliseconds.
    Millis,
    /// A bare number.
    Number,
}

impl Unit {
    /// A value with its unit.
    pub(super) fn words(self, value: f64) -> String {
        match self {
            Unit::Rate => format!("{}/s", number(value)),
            Unit::Millis => figures::ms(value),
            Unit::Number => number(value),
        }
    }
}

/// A value axis.
#[derive(Clone, Copy)]
pub(super) struct Values {
    from: f64,
    to: f64,
    log: bool,
    unit: Unit,
}

impl Values {
    /// An axis from 0 on that has room for all values.
    pub(super) fn linear(values: impl Iterator<Item = f64>, unit: Unit) -> Self {
        let top = values.filter(|value| value.is_finite()).fold(0.0, f64::max);
        let to = if top > 0.0 { round_up(top / 3.0) * 3.0 } else { 1.0 };
        // With three steps of a round height the topmost is often empty.
        let step = to / 3.0;
        let to = if top > 0.0 { (top / step).ceil() * step } else { to };
        Values { from: 0.0, to, log: false, unit }
    }

    /// A logarithmic axis that has room for all values; a thousandth of a millisecond is the least.
    pub(super) fn log(values: impl Iterator<Item = f64> + Clone, unit: Unit) -> Self {
        let values = values.filter(|value| value.is_finite() && *value > 0.0);
        let least = values.clone().fold(f64::MAX, f64::min);
        let most = values.fold(0.0, f64::max);
        if most <= 0.0 {
            return Values { from: 0.1, to: 10.0, log: true, unit };
        }
        let from = 10f64.powf(least.clamp(1e-3, 1e9).log10().floor());
        let to = 10f64.powf(most.clamp(1e-3, 1e9).log10().ceil()).max(from * 10.0);
        Values { from, to, log: true, unit }
    }

    /// Where a value lies, from 0 at the top to [`HEIGHT`] at the foot.
    pub(super) fn y(self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(self.from) / self.from).log10() / (self.to / self.from).log10()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        (HEIGHT * (1.0 - share)).round()
    }

    /// The values that are labelled, with their places.
    pub(super) fn labels(self) -> Vec<(f64, String)> {
        if self.log {
            let decades = (self.to / self.from).log10().round() as i32;
            let every = (decades / 4 + 1) as usize;
            let all = (0..=decades).step_by(every).map(|nth| self.from * 10f64.powi(nth));
            return all.map(|value| (self.y(value), short(value, self.unit))).collect();
        }
        let step = round_up(self.to / 3.5);
        let most = (self.to / step + 0.001) as usize;
        let all = (0..=most).map(|nth| step * nth as f64);
        all.map(|value| (self.y(value), short(value, self.unit))).collect()
    }
}

/// A round value: `10 ms`, and not `10.0 ms`.
pub(super) fn short(value: f64, unit: Unit) -> String {
    let size = value.abs();
    match unit {
        Unit::Millis if size >= 999.0 => format!("{} s", number(value / 1e3)),
        Unit::Millis if size < 0.99 && size > 1e-9 => format!("{} µs", number(value * 1e3)),
        Unit::Millis => format!("{} ms", number(value)),
        unit => unit.words(value),
    }
}

/// Round moments from one to another, as many as have room for their labels.
pub(super) fn moments(from: f64, to: f64) -> Vec<f64> {
    let length = to - from;
    if !(length > 0.0 && length.is_finite()) {
        return vec![0.0];
    }
    let step = round_up(length / LABELS_MAX);
    let first = (from / step).ceil();
    let all = (0..=LABELS_MAX as u32 + 1).map(|nth| (first + f64::from(nth)) * step);
    all.filter(|moment| *moment <= to + length * 1e-9).collect()
}

/// The smallest of 1, 2 or 5 times a power of ten that is not under `least`.
fn round_up(least: f64) -> f64 {
    let power = 10f64.powf(least.max(1e-12).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= least * 0.9999);
    step.unwrap_or(10.0) * power
}

/// A number with as many places as are of use.
fn number(value: f64) -> String {
    if value >= 10_000.0 {
        figures::count(value.round() as u64)
    } else if (value - value.round()).abs() < 1e-6 || value >= 100.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(labels: &[(f64, String)]) -> String {
        labels.iter().map(|(_, label)| label.as_str()).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn values_are_labelled_with_round_figures() {
        let linear = |top: f64| said(&Values::linear([top].into_iter(), Unit::Rate).labels());
        let shown: Vec<String> = [0.0, 0.7, 3.0, 97.0, 260.0, 41_000.0].into_iter().map(linear).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        0/s | 0.50/s | 1/s
        0/s | 0.50/s | 1/s
        0/s | 1/s | 2/s | 3/s
        0/s | 50/s | 100/s
        0/s | 100/s | 200/s | 300/s
        0/s | 20 000/s | 40 000/s | 60 000/s
        ");
        let log =
            |least: f64, most: f64| said(&Values::log([least, most].into_iter(), Unit::Millis).labels());
        let shown = [log(0.3, 40.0), log(5.0, 5.0), log(0.01, 90_000.0)].join("\n");
        insta::assert_snapshot!(shown, @r"
        100 µs | 1 ms | 10 ms | 100 ms
        1 ms | 10 ms
        10 µs | 1 ms | 100 ms | 10 s
        ");
    }

    #[test]
    fn moments_are_round_and_lie_between_the_ends() {
        let words = |from: f64, to: f64| {
            let all = moments(from, to).into_iter().map(|moment| short(moment, Unit::Millis));
            all.collect::<Vec<_>>().join(" | ")
        };
        let shown = [words(-61.875, 412.5), words(-0.5, 3.7), words(0.0, 0.0012), words(0.0, 0.0)].join("\n");
        insta::assert_snapshot!(shown, @r"
        0 ms | 100 ms | 200 ms | 300 ms | 400 ms
        0 ms | 1 ms | 2 ms | 3 ms
        0 ms | 0.20 µs | 0.40 µs | 0.60 µs | 0.80 µs | 1 µs | 1.20 µs
        0 ms
        ");
        assert_eq!(moments(f64::NEG_INFINITY, f64::NAN), [0.0]);
    }

    #[test]
    fn a_last_bin_that_is_a_sliver_has_no_rate() {
        let time = |end_s: f64| Time { bins: 4, bin_s: 0.5, end_s };
        assert_eq!(time(1.51).rate(3, 1), None);
        assert_eq!(time(1.75).rate(3, 1), Some(4.0));
        assert_eq!(Time { bins: 1, bin_s: 0.5, end_s: 0.1 }.rate(0, 1), Some(10.0), "the only one there is");
    }

    #[test]
    fn a_value_that_makes_no_sense_lies_on_the_drawing() {
        let axis = Values::linear([f64::NAN, f64::INFINITY, 3.0].into_iter(), Unit::Number);
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e300] {
            assert!((0.0..=HEIGHT).contains(&axis.y(value)), "{value}");
        }
    }

    #[test]
    fn an_axis_that_makes_no_sense_is_no_axis() {
        let good = Series { bins: 4, bin_s: 0.5, end_s: 1.75, ..Series::default() };
        assert!(Time::of(&good).is_some());
        for bad in [
            Series { bins: 0, ..good.clone() },
            Series { bins: 1 << 40, ..good.clone() },
            Series { bin_s: f64::NAN, ..good.clone() },
            Series { end_s: 1e300, ..good.clone() },
            Series { end_s: 0.25, ..good.clone() },
        ] {
            assert!(Time::of(&bad).is_none(), "{bad:?}");
        }
    }
}
