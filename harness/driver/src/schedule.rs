//! What is due when: a pure function of the spec and its seed.

use units::Stretch;

use crate::source::{Due, sources};
use crate::spec::DriverSpec;

/// All requests of the open-loop classes in the order in which they are due; at the same moment, in the order of
/// their classes.
pub fn schedule(spec: &DriverSpec) -> Vec<Due> {
    let mut schedule: Vec<Due> = sources(spec).into_iter().flatten().collect();
    schedule.sort_by_key(|due| (due.at, due.class));
    schedule
}

/// How many requests the schedule has.
pub fn scheduled(spec: &DriverSpec) -> u64 {
    sources(spec).into_iter().flatten().count() as u64
}

/// How many requests of each class, by its index, are due in each of some stretches, which follow one after the other. A
/// closed-loop class has none.
pub fn counts(spec: &DriverSpec, stretches: &[Stretch]) -> Vec<Vec<u64>> {
    let mut counts = vec![vec![0; stretches.len()]; spec.classes.len()];
    for source in sources(spec) {
        let mut index = 0;
        for due in source {
            while stretches.get(index).is_some_and(|stretch| stretch.to <= due.at) {
                index += 1;
            }
            let Some(stretch) = stretches.get(index) else { break };
            if stretch.contains(due.at) {
                counts[usize::from(due.class)][index] += 1;
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use evidence::RunNonce;
    use proptest::prelude::*;
    use units::{Moment, Rate, Size};

    use super::*;
    use crate::{Arrivals, Class, Member, Mix, Mode, Segment, Trace};

    fn segment(from: f64, to: f64, rates: (f64, f64), arrivals: Arrivals) -> Segment {
        let moment = |seconds| Moment::after_epoch(Duration::from_secs_f64(seconds));
        let during = Stretch { from: moment(from), to: moment(to) };
        Segment { during, from: Rate::per_second(rates.0), to: Rate::per_second(rates.1), arrivals }
    }

    fn spec(classes: Vec<Vec<Segment>>, seed: u64) -> DriverSpec {
        let class = |segments| Class::get("/", Mode::Open(segments));
        DriverSpec {
            target: ([127, 0, 0, 1], 1).into(),
            further_targets: Vec::new(),
            host: "gateway.test".into(),
            classes: classes.into_iter().map(class).collect(),
            mixes: Vec::new(),
            seed,
            nonce: RunNonce(1),
            connections_max: 1,
            in_flight_max: 1,
            response_body_max: Size(1),
            exchanges_max: 0,
            threads: 1,
            record: None,
            backends: Vec::new(),
        }
    }

    fn due_at(segments: Vec<Segment>, seed: u64) -> Vec<Moment> {
        schedule(&spec(vec![segments], seed)).iter().map(|due| due.at).collect()
    }

    #[test]
    fn constant_arrivals_are_at_even_distances_and_never_drift() {
        let due = due_at(vec![segment(0.0, 3600.0, (300.0, 300.0), Arrivals::Constant)], 0);
        assert_eq!(due.len(), 1_080_000);
        for (index, at) in due.iter().enumerate() {
            let exact = (index as f64 + 0.5) / 300.0;
            assert!((at.seconds() - exact).abs() < 2e-9, "{index}: {at:?}");
        }
    }

    #[test]
    fn even_distances_go_on_across_segments() {
        let rate = (3.0, 3.0);
        let parts =
            vec![segment(0.0, 0.5, rate, Arrivals::Constant), segment(0.5, 2.0, rate, Arrivals::Constant)];
        let whole = vec![segment(0.0, 2.0, rate, Arrivals::Constant)];
        assert_eq!(due_at(parts, 0), due_at(whole, 0));
    }

    #[test]
    fn a_rate_below_one_request_a_segment_still_gives_its_requests() {
        let parts =
            (0..10).map(|k| segment(f64::from(k), f64::from(k) + 1.0, (0.2, 0.2), Arrivals::Constant));
        assert_eq!(due_at(parts.collect(), 0).len(), 2);
    }

    #[test]
    fn a_ramp_places_arrivals_where_the_integrated_rate_reaches_them() {
        // From 0 to 100 a second in 10 s: 5 t² requests until t.
        let due = due_at(vec![segment(0.0, 10.0, (0.0, 100.0), Arrivals::Constant)], 0);
        assert_eq!(due.len(), 500);
        for (index, at) in due.iter().enumerate() {
            assert!((5.0 * at.seconds().powi(2) - (index as f64 + 0.5)).abs() < 1e-5);
        }
        let down = due_at(vec![segment(0.0, 10.0, (100.0, 0.0), Arrivals::Constant)], 0);
        assert_eq!(down.len(), 500);
        assert!(
            down.iter().zip(due.iter().rev()).all(|(a, b)| (a.seconds() + b.seconds() - 10.0).abs() < 1e-5)
        );
    }

    #[test]
    fn poisson_arrivals_have_the_mean_and_the_spread_of_independent_users() {
        for seed in 0..20 {
            let due = due_at(vec![segment(0.0, 100.0, (200.0, 200.0), Arrivals::Poisson)], seed);
            let mut by_second = [0.0; 100];
            for at in &due {
                by_second[at.seconds() as usize] += 1.0;
            }
            let mean = by_second.iter().sum::<f64>() / 100.0;
            let variance = by_second.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / 99.0;
            // Five standard errors of each.
            assert!((mean - 200.0).abs() < 5.0 * 2.0_f64.sqrt(), "seed {seed}: mean {mean}");
            assert!(
                (variance / 200.0 - 1.0).abs() < 5.0 * (2.0_f64 / 99.0).sqrt(),
                "seed {seed}: variance {variance}"
            );
        }
    }

    #[test]
    fn poisson_arrivals_follow_a_ramp() {
        let due = due_at(vec![segment(0.0, 10.0, (0.0, 2000.0), Arrivals::Poisson)], 3);
        let first_half = due.iter().filter(|at| at.seconds() < 5.0).count() as f64;
        assert!((due.len() as f64 - 10_000.0).abs() < 500.0, "{}", due.len());
        assert!((first_half - 2500.0).abs() < 250.0, "{first_half}");
    }

    #[test]
    fn the_same_seed_gives_the_same_schedule_and_classes_do_not_share_their_draws() {
        let poisson = || vec![segment(0.0, 10.0, (50.0, 50.0), Arrivals::Poisson)];
        let run = |seed| schedule(&spec(vec![poisson(), poisson()], seed));
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        let of = |class| run(1).iter().filter(|due| due.class == class).map(|due| due.at).collect::<Vec<_>>();
        assert_ne!(of(0), of(1));
    }

    /// Which class's requests a balancer that takes turns would send to which of `backends`.
    fn turns(rates: &[f64], backends: usize) -> Vec<Vec<usize>> {
        let classes = rates.iter().map(|rate| vec![segment(0.0, 5.0, (*rate, *rate), Arrivals::Constant)]);
        let mut sent = vec![vec![0; backends]; rates.len()];
        for (turn, due) in schedule(&spec(classes.collect(), 0)).iter().enumerate() {
            sent[usize::from(due.class)][turn % backends] += 1;
        }
        sent
    }

    #[test]
    fn no_constant_class_keeps_in_step_with_a_balancer_that_takes_turns() {
        for backends in 2..=5 {
            for rates in
                [vec![100.0, 100.0], vec![100.0, 50.0], vec![50.0, 100.0], vec![60.0; 3], vec![40.0; 5]]
            {
                for (class, sent) in turns(&rates, backends).iter().enumerate() {
                    let fair = sent.iter().sum::<usize>() / backends;
                    assert!(
                        sent.iter().all(|count| *count * 3 > fair),
                        "class {class} of {rates:?} over {backends} backends: {sent:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn of_several_constant_classes_each_has_one_request_in_every_interval_and_never_two_close_together() {
        let even = || vec![segment(0.0, 100.0, (10.0, 10.0), Arrivals::Constant)];
        let schedule = schedule(&spec(vec![even(), even(), even()], 0));
        for class in 0..3 {
            let due: Vec<f64> =
                schedule.iter().filter(|due| due.class == class).map(|due| due.at.seconds()).collect();
            assert_eq!(due.len(), 1000);
            assert!(due.iter().enumerate().all(|(k, at)| (at * 10.0).floor() as usize == k));
            assert!(due.windows(2).all(|pair| (0.061..0.163).contains(&(pair[1] - pair[0]))));
        }
    }

    /// A mix of classes with these weights, at 100 requests a second for 60 s.
    fn mixed(weights: &[u32], arrivals: Arrivals, seed: u64) -> Vec<Due> {
        let mut spec = spec(weights.iter().map(|_| Vec::new()).collect(), seed);
        for (class, weight) in spec.classes.iter_mut().zip(weights) {
            class.mix = Some(Member { mix: 0, weight: *weight });
        }
        let segments = vec![segment(0.0, 60.0, (100.0, 100.0), arrivals)];
        spec.mixes = vec![Mix { name: "all".into(), segments }];
        schedule(&spec)
    }

    #[test]
    fn a_mix_sends_at_its_own_rate_and_each_class_has_exactly_its_share_of_it() {
        let due = mixed(&[70, 20, 10], Arrivals::Constant, 7);
        assert_eq!(due.len(), 6000);
        assert!(
            due.iter().zip(0..).all(|(due, k)| (due.at.seconds() * 100.0 - f64::from(k) - 0.5).abs() < 1e-6)
        );
        for round in due.chunks(10) {
            let of = |class| round.iter().filter(|due| due.class == class).count();
            assert_eq!([of(0), of(1), of(2)], [7, 2, 1]);
        }
    }

    #[test]
    fn the_order_of_a_mix_depends_on_the_seed_alone_and_changes_from_round_to_round() {
        let order = |seed| mixed(&[1, 1, 1], Arrivals::Poisson, seed).iter().map(|due| due.class).collect();
        let (first, again, other): (Vec<u16>, Vec<u16>, Vec<u16>) = (order(1), order(1), order(2));
        assert_eq!(first, again);
        assert_ne!(first, other);
        let orders: std::collections::BTreeSet<&[u16]> = first.chunks_exact(3).collect();
        assert_eq!(orders.len(), 6, "all orders of three classes");
    }

    #[test]
    fn no_class_of_a_mix_keeps_in_step_with_a_balancer_that_takes_turns() {
        for (weights, backends) in
            [(&[1, 1][..], 2), (&[7, 3], 2), (&[1, 1, 1], 3), (&[1, 3], 4), (&[5, 4, 1], 5)]
        {
            let due = mixed(weights, Arrivals::Constant, 3);
            for class in 0..weights.len() {
                let mut sent = vec![0.0; backends];
                let turns = due.iter().enumerate().filter(|(_, due)| usize::from(due.class) == class);
                turns.for_each(|(turn, _)| sent[turn % backends] += 1.0);
                let fair = sent.iter().sum::<f64>() / backends as f64;
                // Of so many draws each backend gets its part but for five standard deviations at the most.
                let near = |count: &f64| (count - fair).abs() < 5.0 * fair.sqrt();
                assert!(sent.iter().all(near), "class {class} of {weights:?} over {backends}: {sent:?}");
            }
        }
    }

    #[test]
    fn a_mix_beside_a_constant_class_does_not_keep_in_step_with_it() {
        let mut spec =
            spec(vec![vec![segment(0.0, 60.0, (100.0, 100.0), Arrivals::Constant)], Vec::new()], 0);
        spec.classes[1].mix = Some(Member { mix: 0, weight: 1 });
        let segments = vec![segment(0.0, 60.0, (100.0, 100.0), Arrivals::Constant)];
        spec.mixes = vec![Mix { name: "all".into(), segments }];
        let schedule = schedule(&spec);
        let first = schedule.iter().step_by(2).filter(|due| due.class == 0).count();
        assert!((2500..3500).contains(&first), "{first} of 6000, half of which are fair");
    }

    #[test]
    fn a_trace_is_sent_as_it_is_beside_other_classes_and_its_busiest_second_counts() {
        let at = |millis: &[u64]| -> Vec<Moment> {
            millis.iter().map(|it| Moment::after_epoch(Duration::from_millis(*it))).collect()
        };
        let due = at(&[0, 10, 10, 900, 1010, 5000]);
        let mut spec = spec(vec![vec![segment(0.0, 2.0, (1.0, 1.0), Arrivals::Constant)], Vec::new()], 0);
        spec.classes[1].mode = Mode::Trace(Trace { file: "offsets.csv".into(), due: due.clone(), later: 0 });
        let of = |class| -> Vec<Moment> {
            schedule(&spec).iter().filter(|due| due.class == class).map(|due| due.at).collect()
        };
        assert_eq!((of(0), of(1)), (at(&[500, 1500]), due));
        let phase = |from, to| segment(from, to, (1.0, 1.0), Arrivals::Constant).during;
        let phases = [phase(0.0, 1.0), phase(1.0, 5.0), phase(5.0, 6.0)];
        assert_eq!(counts(&spec, &phases)[1], [4, 1, 1]);
        let rates = phases.map(|phase| spec.classes[1].rates_in(phase));
        assert_eq!(rates, [Some((4.0, 4.0)), Some((1.0, 1.0)), Some((1.0, 1.0))]);
        assert!((spec.classes[1].under_way_max() - 4.0).abs() < 1e-9, "of a deadline of 1 s");
        assert_eq!(spec.classes[1].rates_in(phase(2.0, 4.0)), None);
    }

    fn any_segments() -> impl Strategy<Value = Vec<Segment>> {
        let part = (0.0..3.0f64, 0.0..5.0f64, 0.0..300.0f64, 0.0..300.0f64, any::<bool>());
        prop::collection::vec(part, 0..5).prop_map(|parts| {
            let mut at = 0.0;
            let place = |(gap, length, from, to, poisson): (f64, f64, f64, f64, bool)| {
                let start = at + gap;
                at = start + length;
                let arrivals = if poisson { Arrivals::Poisson } else { Arrivals::Constant };
                segment(start, at, (from, to), arrivals)
            };
            parts.into_iter().map(place).collect()
        })
    }

    proptest! {
        #[test]
        fn every_arrival_is_in_order_and_inside_a_segment(
            classes in prop::collection::vec(any_segments(), 0..4),
            seed in any::<u64>(),
        ) {
            let spec = spec(classes.clone(), seed);
            let schedule = schedule(&spec);
            prop_assert!(schedule.is_sorted_by_key(|due| (due.at, due.class)));
            for due in &schedule {
                let segments = &classes[usize::from(due.class)];
                prop_assert!(segments.iter().any(|segment| segment.during.contains(due.at)));
            }
            prop_assert_eq!(scheduled(&spec), schedule.len() as u64);
        }

        #[test]
        fn what_is_counted_before_the_run_is_what_the_schedule_has(
            classes in prop::collection::vec(any_segments(), 0..4),
            mixed in any_segments(),
            seed in any::<u64>(),
            edges in prop::collection::btree_set(0u32..20, 2..5),
        ) {
            let mut spec = spec(classes, seed);
            for (class, weight) in spec.classes.iter_mut().skip(1).zip(1..) {
                class.mix = Some(Member { mix: 0, weight });
            }
            spec.mixes = vec![Mix { name: "all".into(), segments: mixed }];
            let edges: Vec<Moment> = edges.into_iter().map(|at| Moment::after_epoch(Duration::from_secs(at.into()))).collect();
            let stretches: Vec<Stretch> =
                edges.windows(2).map(|pair| Stretch { from: pair[0], to: pair[1] }).collect();
            let schedule = schedule(&spec);
            for (class, counts) in counts(&spec, &stretches).iter().enumerate() {
                for (stretch, count) in stretches.iter().zip(counts) {
                    let due = schedule.iter().filter(|due| usize::from(due.class) == class);
                    prop_assert_eq!(due.filter(|due| stretch.contains(due.at)).count() as u64, *count);
                }
            }
            prop_assert_eq!(scheduled(&spec), schedule.len() as u64);
        }

        #[test]
        fn constant_arrivals_are_as_many_as_the_integrated_rate_says(segments in any_segments()) {
            let constant = |mut segment: Segment| { segment.arrivals = Arrivals::Constant; segment };
            let segments: Vec<Segment> = segments.into_iter().map(constant).collect();
            let integral = |segment: &Segment| {
                f64::midpoint(segment.from.get(), segment.to.get()) * segment.during.length().as_secs_f64()
            };
            let expected: f64 = segments.iter().map(integral).sum();
            let counted = scheduled(&spec(vec![segments], 0)) as f64;
            prop_assert!((counted - expected).abs() <= 1.0, "{} of {}", counted, expected);
        }
    }
}
