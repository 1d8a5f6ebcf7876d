//! The statistics of a comparison: proportions, means, quantiles, and the correction for many comparisons.

use rand::SeedableRng;
use rand_distr::{Beta, Distribution};
use rand_pcg::Pcg64Mcg;
use statrs::distribution::{ContinuousCDF, Discrete, Hypergeometric, Normal};

/// The chance of calling anything changed although nothing did, over all rows of a comparison together.
pub(crate) const ALPHA: f64 = 0.01;

/// Requests of one run share its weather: they are counted as if half as many had been independent.
pub(crate) const DESIGN_EFFECT: f64 = 2.0;

/// How often a quantile is drawn again for its interval.
pub(crate) const RESAMPLES: usize = 2_000;

/// Standard deviations of a two-sided interval of 99 %.
pub(crate) const Z99: f64 = 2.575_829;

/// What a test says of a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Test {
    /// The chance of such a difference, or a larger one, where there is none.
    pub p: f64,
    /// The lower end of the 99 % interval of the difference, after less before.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Test {
    /// Half of the interval's width: the smallest difference that could be told.
    pub(crate) fn resolution(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// The interval of a share by Wilson, at 99 %, of `n` independent trials.
pub(crate) fn wilson(hits: f64, n: f64) -> (f64, f64) {
    if n <= 0.0 {
        return (0.0, 1.0);
    }
    let (share, z2) = (hits / n, Z99 * Z99);
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z99 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

/// Two shares: Fisher's exact test for few, the normal one with Yates' continuity correction for many; the interval
/// of the difference by Newcombe from two Wilson intervals.
pub(crate) fn shares(before: (u64, u64), after: (u64, u64)) -> Test {
    let effective = |(hits, n): (u64, u64)| (hits as f64 / DESIGN_EFFECT, n as f64 / DESIGN_EFFECT);
    let ((x1, n1), (x2, n2)) = (effective(before), effective(after));
    if n1 <= 0.0 || n2 <= 0.0 {
        return Test { p: 1.0, low: -1.0, high: 1.0 };
    }
    let (p1, p2) = (x1 / n1, x2 / n2);
    let ((l1, u1), (l2, u2)) = (wilson(x1, n1), wilson(x2, n2));
    let d = p2 - p1;
    Test {
        p: two_proportions((x1, n1), (x2, n2)),
        low: d - ((p2 - l2).powi(2) + (u1 - p1).powi(2)).sqrt(),
        high: d + ((u2 - p2).powi(2) + (p1 - l1).powi(2)).sqrt(),
    }
}

fn two_proportions((x1, n1): (f64, f64), (x2, n2): (f64, f64)) -> f64 {
    let pooled = (x1 + x2) / (n1 + n2);
    if pooled <= 0.0 || pooled >= 1.0 {
        return 1.0;
    }
    let expected_min = n1.min(n2) * pooled.min(1.0 - pooled);
    if expected_min < 10.0 {
        return fisher((x1.round() as u64, n1.round() as u64), (x2.round() as u64, n2.round() as u64));
    }
    let continuity = f64::midpoint(1.0 / n1, 1.0 / n2);
    let distance = ((x1 / n1 - x2 / n2).abs() - continuity).max(0.0);
    two_sided(distance / (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2)).sqrt())
}

/// The most outcomes that the exact test adds up: far more than fewer than ten expected ones can spread over.
const OUTCOMES_MAX: u64 = 20_000;

/// Fisher's exact test, two-sided: all tables that are no likelier than the one that was seen.
fn fisher((x1, n1): (u64, u64), (x2, n2): (u64, u64)) -> f64 {
    let (all, hits) = (n1 + n2, x1 + x2);
    let Ok(tables) = Hypergeometric::new(all, hits.min(all), n1) else {
        return 1.0;
    };
    let seen = tables.ln_pmf(x1);
    let (first, last) = (hits.saturating_sub(n2), hits.min(n1));
    // Far from what was seen, in both directions, tables are too unlikely to count.
    let (first, last) = (first.max(x1.saturating_sub(OUTCOMES_MAX)), last.min(x1 + OUTCOMES_MAX));
    let likely = |x: u64| Some(tables.ln_pmf(x)).filter(|p| *p <= seen + 1e-7);
    (first..=last).filter_map(likely).map(f64::exp).sum::<f64>().min(1.0)
}

/// The chance of a value at least so many standard deviations from 0, on either side.
pub(crate) fn two_sided(deviations: f64) -> f64 {
    let normal = Normal::new(0.0, 1.0).expect("the standard normal distribution exists");
    (2.0 * normal.sf(deviations.abs())).min(1.0)
}

/// The standard deviations beyond which a share of `p` lies, on both sides together.
pub(crate) fn deviations(p: f64) -> f64 {
    let normal = Normal::new(0.0, 1.0).expect("the standard normal distribution exists");
    -normal.inverse_cdf((p / 2.0).clamp(1e-12, 0.5))
}

/// Two values with their standard errors.
pub(crate) fn values(before: (f64, f64), after: (f64, f64)) -> Test {
    let difference = after.0 - before.0;
    let error = before.1.hypot(after.1).max(f64::MIN_POSITIVE);
    Test { p: two_sided(difference / error), low: difference - Z99 * error, high: difference + Z99 * error }
}

/// The value below or at which a share `q` of the counts lies, by the nearest rank.
pub(crate) fn quantile(buckets: &[(u64, u64)], q: f64) -> f64 {
    Cumulated::of(buckets).at(q)
}

/// Counts added up, so that a quantile is a search.
struct Cumulated<'a> {
    buckets: &'a [(u64, u64)],
    sums: Vec<u64>,
}

impl<'a> Cumulated<'a> {
    fn of(buckets: &'a [(u64, u64)]) -> Self {
        let mut sum = 0u64;
        let sums = buckets.iter().map(|(_, count)| {
            sum = sum.saturating_add(*count);
            sum
        });
        Cumulated { buckets, sums: sums.collect() }
    }

    fn total(&self) -> u64 {
        self.sums.last().copied().unwrap_or(0)
    }

    fn at(&self, q: f64) -> f64 {
        let rank = ((self.total() as f64 * q).ceil() as u64).max(1);
        let index = self.sums.partition_point(|sum| *sum < rank);
        self.buckets
            .get(index.min(self.buckets.len().saturating_sub(1)))
            .map_or(0.0, |(bound, _)| *bound as f64)
    }

    /// How many lie above a value.
    fn above(&self, value: f64) -> u64 {
        let index = self.buckets.partition_point(|(bound, _)| *bound as f64 <= value);
        self.total() - index.checked_sub(1).map_or(0, |last| self.sums[last])
    }
}

/// A quantile of a bootstrap sample again and again.
///
/// The k-th smallest of n draws from a distribution is its value at the k-th smallest of n uniform draws, and that
/// one is distributed as Beta(k, n − k + 1). So one draw does for n, and a million requests cost what ten do.
fn redrawn(counts: &Cumulated<'_>, q: f64, random: &mut Pcg64Mcg) -> Vec<f64> {
    let n = (counts.total() as f64 / DESIGN_EFFECT).max(1.0);
    let rank = (n * q).ceil().clamp(1.0, n);
    match Beta::new(rank, n - rank + 1.0) {
        Ok(beta) => (0..RESAMPLES).map(|_| counts.at(beta.sample(random))).collect(),
        Err(_) => vec![counts.at(q); RESAMPLES],
    }
}

/// Two quantiles of counted lengths: Mood's test at the quantile of both together, and a bootstrap interval of the
/// difference. The seed makes it the same each time.
pub(crate) fn quantiles(before: &[(u64, u64)], after: &[(u64, u64)], q: f64, seed: u64) -> Test {
    let (a, b) = (Cumulated::of(before), Cumulated::of(after));
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let (first, second) = (redrawn(&a, q, &mut random), redrawn(&b, q, &mut random));
    let mut differences: Vec<f64> = second.iter().zip(&first).map(|(after, before)| after - before).collect();
    differences.sort_by(f64::total_cmp);
    // The value between the two quantiles tells best which of the runs has more above it.
    let between = f64::midpoint(a.at(q), b.at(q));
    let test = shares((a.above(between), a.total()), (b.above(between), b.total()));
    let end = |share: f64| differences[(share * (RESAMPLES - 1) as f64).round() as usize];
    Test { p: test.p, low: end(0.005), high: end(0.995) }
}

/// The half width of a quantile's 99 % interval.
pub(crate) fn quantile_error(buckets: &[(u64, u64)], q: f64, seed: u64) -> f64 {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut drawn = redrawn(&Cumulated::of(buckets), q, &mut random);
    drawn.sort_by(f64::total_cmp);
    let end = |share: f64| drawn[(share * (RESAMPLES - 1) as f64).round() as usize];
    (end(0.995) - end(0.005)) / 2.0
}

/// Holm's correction: which of the chances are too small for chance, with an error rate of `ALPHA` over all.
pub(crate) fn holm(chances: &[f64]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..chances.len()).collect();
    order.sort_by(|a, b| chances[*a].total_cmp(&chances[*b]));
    let mut rejected = vec![false; chances.len()];
    for (place, index) in order.into_iter().enumerate() {
        if chances[index] > ALPHA / (chances.len() - place) as f64 {
            break;
        }
        rejected[index] = true;
    }
    rejected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fishers_test_gives_the_figures_of_the_books() {
        // Fisher's tea: 3 of 4 and 1 of 4, two-sided 0.486.
        assert!((fisher((3, 4), (1, 4)) - 0.4857).abs() < 1e-3);
        // 1 of 12 against 9 of 12: 0.0028 (two-sided, R's fisher.test).
        assert!((fisher((1, 12), (9, 12)) - 0.002_759).abs() < 1e-4);
    }

    #[test]
    fn a_wilson_interval_of_nothing_is_everything_and_never_leaves_the_range() {
        assert_eq!(wilson(0.0, 0.0), (0.0, 1.0));
        let (low, high) = wilson(0.0, 100.0);
        assert!(low < 1e-9 && (0.05..0.08).contains(&high), "{high}");
    }

    #[test]
    fn holm_stops_at_the_first_that_chance_explains() {
        assert_eq!(holm(&[0.5, 0.0001, 0.006, 0.003]), [false, true, false, true]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn quantiles_are_found_by_the_nearest_rank() {
        let buckets = [(10, 50), (20, 40), (30, 10)];
        let at = [0.0, 0.5, 0.51, 0.9, 0.91, 1.0].map(|q| quantile(&buckets, q).round() as u32);
        assert_eq!(at, [10, 10, 20, 20, 30, 30]);
        assert_eq!(quantile(&[], 0.5).to_bits(), 0.0_f64.to_bits());
    }
}
