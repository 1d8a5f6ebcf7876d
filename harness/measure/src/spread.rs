//! Whether lengths are spread evenly between zero and a cap, as full jitter draws them.

use std::time::Duration;

use crate::lengths::Lengths;

/// What connecting and parsing may add to a wait, as it is seen at the backends.
pub const WIRE: Duration = Duration::from_millis(2);

/// What rounding down to whole milliseconds may take away from one.
const ROUNDED: Duration = Duration::from_millis(1);

/// The part of the range that must be left out at one of its ends for the draws to be of another kind.
const EDGE: f64 = 0.1;

/// How far another way of drawing must be off, somewhere, for it to be of another kind: equal jitter (half of the wait
/// is fixed) is off by 0.5, one that has no jitter by 0.5 at least.
const OFF: f64 = 0.25;

/// How lengths are spread below a cap, in parts of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// How many there are.
    pub count: u64,
    /// The Kolmogorov–Smirnov distance from an even spread, as seen.
    pub distance: f64,
    /// The same without what the wire and rounding explain.
    unexplained: f64,
    /// The shortest and the longest, as seen, and the most that each of them may be off.
    shortest: f64,
    longest: f64,
    wire: f64,
    rounded: f64,
}

impl Spread {
    /// With so many lengths, an even spread is nearly always told from others.
    pub const NEEDED: u64 = 120;

    /// How these lengths are spread below `cap`; None without any length, or without a cap.
    pub fn of(lengths: &Lengths, cap: Duration) -> Option<Self> {
        let (count, cap) = (lengths.count(), cap.as_secs_f64());
        let (shortest, longest) = lengths.range().filter(|_| cap > 0.0)?;
        let part = |length: Duration| length.as_secs_f64() / cap;
        let (wire, rounded) = (part(WIRE), part(ROUNDED));
        let (mut distance, mut unexplained) = (0.0f64, 0.0f64);
        for (rank, length) in lengths.sorted().iter().enumerate() {
            let at = part(*length).min(1.0);
            let too_long = at - rank as f64 / count as f64;
            let too_short = (rank + 1) as f64 / count as f64 - at;
            distance = distance.max(too_long).max(too_short);
            unexplained = unexplained.max(too_long - wire).max(too_short - rounded);
        }
        let (shortest, longest) = (part(shortest), part(longest));
        Some(Spread { count, distance, unexplained, shortest, longest, wire, rounded })
    }

    /// The probability of such a spread, or a more uneven one, if each length is as likely as any other: by the
    /// Kolmogorov–Smirnov distance, by the shortest, or by the longest, and three times the least of them, because
    /// there are three.
    pub fn p_even(&self) -> f64 {
        let count = self.count as f64;
        let nothing_below = (1.0 - (self.shortest - self.wire).clamp(0.0, 1.0)).powf(count);
        let nothing_above = (self.longest + self.rounded).clamp(0.0, 1.0).powf(count);
        let by_distance = kolmogorov(self.unexplained, count);
        (3.0 * by_distance.min(nothing_below).min(nothing_above)).min(1.0)
    }

    /// The probability of such a spread, or a more even one, if it is drawn in another way: with a tenth of the range
    /// left out at one end, or with a distribution that is off by a quarter somewhere (Dvoretzky, Kiefer, Wolfowitz
    /// 1956, with the constant of Massart 1990).
    pub fn p_uneven(&self) -> f64 {
        let reaches_low = self.shortest < EDGE - self.rounded;
        let reaches_high = self.longest > 1.0 - EDGE + self.wire;
        if !(reaches_low && reaches_high) || self.distance >= OFF {
            return 1.0;
        }
        (-2.0 * self.count as f64 * (OFF - self.distance).powi(2)).exp()
    }
}

/// The probability of a larger distance than this from the true distribution, with the correction of Stephens (1970)
/// for few observations.
fn kolmogorov(distance: f64, count: f64) -> f64 {
    let root = count.sqrt();
    let scaled = (root + 0.12 + 0.11 / root) * distance.max(0.0);
    // Below this, the series alternates about its value of 1.
    if scaled < 0.3 {
        return 1.0;
    }
    let term = |k: i32| (-2.0 * f64::from(k * k) * scaled * scaled).exp();
    let sum: f64 = (1..=50).map(|k| if k % 2 == 1 { term(k) } else { -term(k) }).sum();
    (2.0 * sum).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::testing::model::Draws;

    const CAP: Duration = Duration::from_millis(200);

    fn drawn(seed: u64, count: usize, from: f64, to: f64) -> Spread {
        let mut draws = Draws(seed);
        let lengths = (0..count).map(|_| CAP.mul_f64(from + (to - from) * draws.part())).collect();
        Spread::of(&Lengths::of(lengths), CAP).unwrap()
    }

    #[test]
    fn the_tail_of_the_distance_is_that_of_the_tables() {
        // Massey 1951: 1.36/√n is exceeded with 5 %, 1.63/√n with 1 %.
        assert!((kolmogorov(1.36 / 100.0, 10_000.0) - 0.05).abs() < 0.002);
        assert!((kolmogorov(1.63 / 100.0, 10_000.0) - 0.01).abs() < 0.001);
    }

    #[test]
    fn an_even_spread_is_hardly_ever_taken_for_another() {
        let low = (0..2_000).filter(|seed| drawn(*seed, 150, 0.0, 1.0).p_even() < 1e-4).count();
        assert!(low <= 1, "{low} of 2 000");
        let open = (0..2_000).filter(|seed| drawn(*seed, 300, 0.0, 1.0).p_uneven() > 0.05).count();
        assert!(open <= 2, "{open} of 2 000");
    }

    #[rstest]
    #[case::nine_tenths(0.1, 1.0, 250)]
    #[case::four_fifths(0.2, 1.0, 100)]
    #[case::seven_tenths(0.3, 1.0, 33)]
    #[case::equal_jitter(0.5, 1.0, 20)]
    #[case::a_shorter_cap(0.0, 0.8, 100)]
    #[case::none(0.5, 0.5, 40)]
    fn another_spread_is_never_taken_for_an_even_one(
        #[case] from: f64,
        #[case] to: f64,
        #[case] count: usize,
    ) {
        for seed in 0..200 {
            let spread = drawn(seed, count, from, to);
            assert!(spread.p_uneven() > 0.05, "seed {seed}: {spread:?}");
            assert!(spread.p_even() < 1e-2, "seed {seed}: {spread:?}");
        }
    }

    #[test]
    fn a_range_that_the_wire_fills_has_no_shape() {
        let cap = Duration::from_millis(4);
        let lengths = (0..500).map(|n| Duration::from_micros(8 * n)).collect();
        assert!(Spread::of(&Lengths::of(lengths), cap).unwrap().p_uneven() > 0.05);
        assert_eq!(Spread::of(&Lengths::default(), cap), None);
        assert_eq!(Spread::of(&Lengths::of(vec![cap]), Duration::ZERO), None);
    }
}
