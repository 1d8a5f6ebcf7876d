//! Statistics that several rooms ask for, once: intervals of shares, tails of the binomial, quantiles, Holm's correction.

use statrs::distribution::{Beta, Binomial, ContinuousCDF, DiscreteCDF, Poisson};

/// The interval in which the share of `hits` among `count` lies with this confidence, by Clopper and Pearson (1934): it
/// never promises more than it holds, also for few observations. From 0 to 1 if nothing was counted.
pub fn share_interval(hits: u64, count: u64, confidence: f64) -> (f64, f64) {
    if count == 0 {
        return (0.0, 1.0);
    }
    let (hits, tail) = (hits.min(count), (1.0 - confidence) / 2.0);
    let beta = |alpha: u64, beta: u64, at: f64| {
        Beta::new(alpha as f64, beta as f64).map_or(f64::NAN, |beta| beta.inverse_cdf(at))
    };
    let low = if hits == 0 { 0.0 } else { beta(hits, count - hits + 1, tail) };
    let high = if hits == count { 1.0 } else { beta(hits + 1, count - hits, 1.0 - tail) };
    (low, high)
}

/// The probability of `hits` or more among `count`, if each comes with the probability `share`.
pub fn at_least(hits: u64, count: u64, share: f64) -> f64 {
    if hits == 0 {
        return 1.0;
    }
    Binomial::new(share.clamp(0.0, 1.0), count).map_or(1.0, |binomial| binomial.sf(hits - 1))
}

/// The probability of `hits` or fewer among `count`, if each comes with the probability `share`.
pub fn at_most(hits: u64, count: u64, share: f64) -> f64 {
    Binomial::new(share.clamp(0.0, 1.0), count).map_or(1.0, |binomial| binomial.cdf(hits))
}

/// The probability of `count` events or more where `mean` come on average, each for itself (Poisson).
pub fn poisson_at_least(count: u64, mean: f64) -> f64 {
    if count == 0 {
        return 1.0;
    }
    Poisson::new(mean).map_or(0.0, |poisson| poisson.sf(count - 1))
}

/// The probability of `count` events or fewer where `mean` come on average, each for itself (Poisson).
pub fn poisson_at_most(count: u64, mean: f64) -> f64 {
    Poisson::new(mean).map_or(1.0, |poisson| poisson.cdf(count))
}

/// The smallest share of misbehaviour that `clean` cases without any exclude, if it may be overlooked with the
/// probability `beta`: 300 clean cases exclude 1 %, 10 exclude 26 %.
pub fn excluded_share(clean: u64, beta: f64) -> f64 {
    if clean == 0 { 1.0 } else { 1.0 - beta.powf(1.0 / clean as f64) }
}

/// How many clean cases exclude a share of misbehaviour.
pub fn cases_to_exclude(share: f64, beta: f64) -> u64 {
    if share >= 1.0 { 1 } else { (beta.ln() / (1.0 - share.max(1e-9)).ln()).ceil() as u64 }
}

/// Which hypotheses are rejected so that the probability of any false rejection stays below `family` (Holm 1979).
pub fn holm(p: &[f64], family: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut rejected = vec![false; p.len()];
    for (rank, index) in order.into_iter().enumerate() {
        // Holm stops at the first that is not rejected: what comes after it is less certain still.
        let survives = p[index] <= family / (p.len() - rank) as f64;
        if !survives {
            break;
        }
        rejected[index] = true;
    }
    rejected
}

/// The value that `quantile` (0 to 1) of the values don't exceed, by the nearest rank; None if there are none.
pub fn quantile<T: Copy + Ord>(values: &mut [T], quantile: f64) -> Option<T> {
    let index = ((values.len() as f64 * quantile).ceil() as usize).max(1) - 1;
    let index = index.min(values.len().checked_sub(1)?);
    Some(*values.select_nth_unstable(index).1)
}

/// The ranks, from 1, of the two sorted values among `count` between which a quantile (0 to 1) lies with this confidence,
/// by order statistics: no shape of the distribution is assumed. None where the values don't reach so far.
pub fn quantile_ranks(count: u64, quantile: f64, confidence: f64) -> (Option<u64>, Option<u64>) {
    let tail = (1.0 - confidence) / 2.0;
    let Some(below) = Binomial::new(quantile.clamp(0.0, 1.0), count).ok().filter(|_| count > 0) else {
        return (None, None);
    };
    let low = below.inverse_cdf(tail);
    let high = below.inverse_cdf(1.0 - tail) + 1;
    ((low > 0).then_some(low), (high <= count).then_some(high))
}

/// The stretch of a sequence that speaks most against a share.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The probability that any stretch that was looked at is as bad, if the share holds throughout.
    pub p: f64,
    /// The worst stretch, by its indices.
    pub worst: std::ops::Range<usize>,
}

/// The shortest stretch that is looked at.
const SCAN_MIN: usize = 8;

/// Looks whether bad cases come with at most the probability `allowed` in every part of a sequence: at its start, in
/// stretches of lengths that double, and in all stretches next to each other of the same lengths. The probability is
/// corrected for their number (Bonferroni). Where cases depend on each other, `effect` (at least 1) says how many of them
/// tell as much as a single independent one.
pub fn scan(bad: &[bool], allowed: f64, effect: f64) -> Scan {
    let mut before = Vec::with_capacity(bad.len() + 1);
    before.push(0u64);
    for case in bad {
        before.push(before[before.len() - 1] + u64::from(*case));
    }
    let effect = effect.max(1.0);
    let (mut looked, mut worst) = (0u32, Scan { p: 1.0, worst: 0..bad.len() });
    let mut length = bad.len();
    // From the whole down, halving: at most 512 stretches of the same length.
    while length >= SCAN_MIN.min(bad.len()).max(1) && bad.len() / length <= 512 {
        for start in (0..bad.len()).step_by(length) {
            let end = (start + length).min(bad.len());
            let hits = (before[end] - before[start]) as f64 / effect;
            let count = ((end - start) as f64 / effect).ceil();
            looked += 1;
            let p = at_least(hits.floor() as u64, count as u64, allowed);
            if p < worst.p {
                worst = Scan { p, worst: start..end };
            }
        }
        length /= 2;
    }
    Scan { p: (worst.p * f64::from(looked.max(1))).min(1.0), worst: worst.worst }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the ends of shares and probabilities are exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_interval_holds_what_clopper_and_pearson_published() {
        let (low, high) = share_interval(4, 20, 0.95);
        assert!((low - 0.0573).abs() < 1e-3 && (high - 0.4366).abs() < 1e-3, "{low} {high}");
        assert_eq!(share_interval(0, 0, 0.95), (0.0, 1.0));
        assert_eq!(share_interval(0, 30, 0.95).0, 0.0);
        assert_eq!(share_interval(30, 30, 0.95).1, 1.0);
    }

    #[test]
    fn clean_cases_exclude_rare_misbehaviour_only_if_they_are_many() {
        assert!((excluded_share(300, 0.05) - 0.01).abs() < 1e-3);
        assert!((excluded_share(10, 0.05) - 0.26).abs() < 0.01);
        assert_eq!(cases_to_exclude(0.01, 0.05), 299);
        assert_eq!(cases_to_exclude(1.0, 0.05), 1);
        assert_eq!(excluded_share(0, 0.05), 1.0);
    }

    #[test]
    fn holm_rejects_in_order_and_stops_at_the_first_doubt() {
        assert_eq!(holm(&[0.01, 0.04, 0.03], 0.05), [true, false, false]);
        assert_eq!(holm(&[0.01, 0.02, 0.03], 0.05), [true, true, true]);
        assert_eq!(holm(&[f64::NAN, 0.001], 0.05), [false, true]);
        assert_eq!(holm(&[], 0.05), [false; 0]);
    }

    #[test]
    fn a_quantile_lies_between_ranks_that_are_published() {
        // Hahn and Meeker (1991): the median of 10 values lies between the 2nd and the 9th with 97.9 %.
        assert_eq!(quantile_ranks(10, 0.5, 0.95), (Some(2), Some(9)));
        assert_eq!(quantile_ranks(100, 0.99, 0.95).1, None);
        assert_eq!(quantile_ranks(0, 0.5, 0.95), (None, None));
    }

    #[test]
    fn a_stretch_of_failures_is_found_wherever_it_lies_and_a_few_in_all_are_not() {
        let failing = |numbers: std::ops::Range<usize>| -> Vec<bool> {
            (0..400).map(|n| numbers.contains(&n)).collect()
        };
        for start in [0, 130, 390] {
            let scan = scan(&failing(start..start + 10), 0.01, 1.0);
            assert!(scan.p < 1e-6, "{scan:?}");
        }
        let few: Vec<bool> = (0..400).map(|n| n % 130 == 7).collect();
        assert!(scan(&few, 0.01, 1.0).p > 0.05);
        assert_eq!(scan(&[], 0.01, 1.0).p, 1.0);
    }

    proptest! {
        #[test]
        fn a_quantile_is_a_value_that_so_many_do_not_exceed(
            mut values in prop::collection::vec(0u32..1000, 1..200), part in 0.0f64..=1.0,
        ) {
            let found = quantile(&mut values, part).unwrap();
            let below = values.iter().filter(|value| **value <= found).count();
            prop_assert!(below as f64 >= values.len() as f64 * part);
            let under = values.iter().filter(|value| **value < found).count();
            prop_assert!(under as f64 <= values.len() as f64 * part);
        }

        #[test]
        fn the_two_tails_of_a_binomial_meet(hits in 0u64..50, more in 0u64..50, share in 0.0f64..1.0) {
            let count = hits + more;
            let sum = at_least(hits + 1, count, share) + at_most(hits, count, share);
            prop_assert!((sum - 1.0).abs() < 1e-9 || hits == count);
        }
    }
}
