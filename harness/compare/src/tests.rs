//! The rates of error of a comparison, over many seeds.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_distr::{Binomial, Distribution, LogNormal};
use rand_pcg::Pcg64Mcg;
use reports::{Group, Word};

use super::figure::{Better, Figure, Noise};
use super::sample::Sample;
use super::verdicts::{Pair, judge};
use super::words::Unit;

fn figure(id: usize, group: Group, unit: Unit, sample: Sample) -> Figure {
    Figure {
        id: format!("phase/class/figure-{id}"),
        what: "a figure".into(),
        group,
        unit,
        better: Better::Lower,
        sample,
        matters: true,
        part_of: None,
        kept: true,
    }
}

/// A histogram of log-normal times with this median in milliseconds, at a resolution of 1 %.
fn times(count: usize, median_ms: f64, random: &mut Pcg64Mcg) -> Sample {
    let times = LogNormal::new((median_ms * 1e3).ln(), 0.5).unwrap();
    let mut buckets = std::collections::BTreeMap::<u64, u64>::new();
    for _ in 0..count {
        let bound = 1.01f64.powf(times.sample(random).ln().div_euclid(1.01f64.ln()) + 1.0);
        *buckets.entry(bound as u64).or_default() += 1;
    }
    Sample::Quantile { buckets: buckets.into_iter().collect(), q: 0.5 }
}

fn share(count: u64, chance: f64, random: &mut Pcg64Mcg) -> Sample {
    Sample::Share { hits: Binomial::new(count, chance).unwrap().sample(random), of: count }
}

/// A comparison of 40 figures: shares, means and medians.
fn comparison(seed: u64, count: usize, factor: f64) -> Vec<Word> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut pairs = Vec::new();
    for id in 0..40 {
        let chance = [0.02, 0.25, 0.5][id % 3];
        let pair = match id % 2 {
            0 => Pair {
                before: figure(id, Group::Latency, Unit::Ms, times(count, 20.0, &mut random)),
                after: figure(id, Group::Latency, Unit::Ms, times(count, 20.0 * factor, &mut random)),
            },
            _ => Pair {
                before: figure(id, Group::Outcome, Unit::Share, share(count as u64, chance, &mut random)),
                after: figure(id, Group::Outcome, Unit::Share, share(count as u64, chance, &mut random)),
            },
        };
        pairs.push(pair);
    }
    judge(&pairs, Noise::default(), None).into_iter().map(|change| change.word).collect()
}

#[test]
fn equal_distributions_are_not_called_changed_more_often_than_said() {
    let comparisons = 300;
    let wrong = (0..comparisons).filter(|seed| comparison(*seed, 400, 1.0).contains(&Word::Changed)).count();
    assert!(wrong as f64 <= comparisons as f64 * super::ALPHA, "{wrong} of {comparisons} found a change");
}

#[test]
fn a_shift_of_thirty_percent_in_two_thousand_requests_is_called_changed() {
    for seed in 0..20 {
        let words = comparison(seed, 2_000, 1.3);
        assert!(words.iter().step_by(2).all(|word| *word == Word::Changed), "seed {seed}: {words:?}");
    }
}

#[test]
fn a_few_requests_can_not_tell_and_it_is_said_how_many_would() {
    let mut random = Pcg64Mcg::seed_from_u64(7);
    let pair = Pair {
        before: figure(0, Group::Outcome, Unit::Share, share(30, 0.5, &mut random)),
        after: figure(0, Group::Outcome, Unit::Share, share(30, 0.5, &mut random)),
    };
    let change = judge(&[pair], Noise::default(), None).remove(0);
    assert_eq!(change.word, Word::CantTell);
    insta::assert_snapshot!(change.needed.unwrap(), @"about 300 observations instead of 30 would tell");
}

#[test]
fn noise_that_is_larger_than_a_shift_hides_it() {
    let mut random = Pcg64Mcg::seed_from_u64(7);
    let pair = Pair {
        before: figure(0, Group::Latency, Unit::Ms, times(5_000, 20.0, &mut random)),
        after: figure(0, Group::Latency, Unit::Ms, times(5_000, 26.0, &mut random)),
    };
    let quiet = judge(std::slice::from_ref(&pair), Noise::default(), None);
    let noisy = judge(&[pair], Noise { usual_ms: 10.0, worst_ms: 10.0 }, None);
    assert_eq!((quiet[0].word, noisy[0].word), (Word::Changed, Word::Same));
}

proptest! {
    #[test]
    fn any_two_samples_get_a_word_and_none_panics(
        a in prop::collection::vec((1u64..10_000, 0u64..1_000), 0..20),
        b in prop::collection::vec((1u64..10_000, 0u64..1_000), 0..20),
        q in 0.0f64..=1.0,
        hits in 0u64..5_000, of in 0u64..5_000, counts in prop::collection::vec(0u64..500, 0..6),
    ) {
        let sorted = |mut buckets: Vec<(u64, u64)>| { buckets.sort_unstable(); buckets };
        let quantile = |buckets| figure(0, Group::Latency, Unit::Ms, Sample::Quantile { buckets: sorted(buckets), q });
        let share = figure(1, Group::Outcome, Unit::Share, Sample::Share { hits: hits.min(of), of });
        let none = figure(1, Group::Outcome, Unit::Share, Sample::Share { hits: 0, of: 10 });
        let mean = figure(2, Group::Behaviour, Unit::Attempts, Sample::Mean { counts });
        let pairs = [
            Pair { before: quantile(a), after: quantile(b) },
            Pair { before: share.clone(), after: none },
            Pair { before: share.clone(), after: share },
            Pair { before: mean.clone(), after: mean },
        ];
        let changes = judge(&pairs, Noise::default(), None);
        prop_assert!(changes.iter().all(|change| change.word != Word::CantTell || change.needed.is_some()));
        prop_assert!(changes[2].word != Word::Changed && changes[3].word != Word::Changed);
    }
}
