//! What is due when: a pure function of the spec and its seed.

use units::{Moment, Stretch};

use crate::arrivals::ArrivalTimes;
use crate::spec::{Arrivals, DriverSpec, Mode, Segment};

/// One request of the schedule. Its tag is its index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// When it is to be sent.
    pub at: Moment,
    /// The traffic class, by its index in the spec.
    pub class: u16,
}

/// All requests of the open-loop classes in the order in which they are due; at the same moment, in the order of
/// their classes.
pub fn schedule(spec: &DriverSpec) -> Vec<Due> {
    let mut schedule: Vec<Due> = Vec::new();
    for class in 0..spec.classes.len() as u16 {
        schedule.extend(arrivals(spec, class).map(|at| Due { at, class }));
    }
    // Stable, so that ties keep the order of the classes.
    schedule.sort_by_key(|due| due.at);
    schedule
}

/// How many requests the schedule has for a class; 0 for a closed-loop class and for one that does not exist.
pub fn count(spec: &DriverSpec, class: u16) -> u64 {
    arrivals(spec, class).count() as u64
}

/// How many requests of a class are due within a stretch.
pub fn count_in(spec: &DriverSpec, class: u16, during: Stretch) -> u64 {
    arrivals(spec, class).skip_while(|at| *at < during.from).take_while(|at| *at < during.to).count() as u64
}

fn arrivals(spec: &DriverSpec, class: u16) -> ArrivalTimes<'_> {
    let segments = match spec.classes.get(usize::from(class)).map(|class| &class.mode) {
        Some(Mode::Open(segments)) => segments.as_slice(),
        Some(Mode::Closed { .. }) | None => &[],
    };
    let constant = spec.classes.iter().filter(|class| has_constant(&class.mode));
    // Looks no further than to the second one: there may be very many classes.
    let alone = !has_constant_segment(segments) || constant.take(2).count() < 2;
    ArrivalTimes::new(segments, spec.seed, class, alone)
}

fn has_constant(mode: &Mode) -> bool {
    matches!(mode, Mode::Open(segments) if has_constant_segment(segments))
}

fn has_constant_segment(segments: &[Segment]) -> bool {
    segments.iter().any(|segment| segment.arrivals == Arrivals::Constant)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use evidence::RunNonce;
    use proptest::prelude::*;
    use units::{Rate, Size};

    use super::*;
    use crate::Class;

    fn segment(from: f64, to: f64, rates: (f64, f64), arrivals: Arrivals) -> Segment {
        let moment = |seconds| Moment::after_epoch(Duration::from_secs_f64(seconds));
        let during = Stretch { from: moment(from), to: moment(to) };
        Segment { during, from: Rate::per_second(rates.0), to: Rate::per_second(rates.1), arrivals }
    }

    fn spec(classes: Vec<Vec<Segment>>, seed: u64) -> DriverSpec {
        let class = |segments| Class {
            name: "reads".into(),
            method: "GET".into(),
            path: "/".into(),
            host: None,
            headers: Vec::new(),
            body: None,
            trailers: Vec::new(),
            trouble: crate::trouble::Trouble::default(),
            deadline: Duration::from_secs(1),
            keep_alive: true,
            mode: Mode::Open(segments),
        };
        DriverSpec {
            target: ([127, 0, 0, 1], 1).into(),
            host: "gateway.test".into(),
            classes: classes.into_iter().map(class).collect(),
            seed,
            nonce: RunNonce(1),
            connections_max: 1,
            in_flight_max: 1,
            response_body_max: Size(1),
            exchanges_max: 0,
            threads: 1,
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
            for (class, segments) in classes.iter().enumerate() {
                let (class, counted) = (class as u16, count(&spec, class as u16));
                let built = schedule.iter().filter(|due| due.class == class).count() as u64;
                prop_assert_eq!(counted, built);
                let parts = segments.iter().map(|segment| count_in(&spec, class, segment.during)).sum::<u64>();
                prop_assert_eq!(parts, counted);
            }
        }

        #[test]
        fn constant_arrivals_are_as_many_as_the_integrated_rate_says(segments in any_segments()) {
            let constant = |mut segment: Segment| { segment.arrivals = Arrivals::Constant; segment };
            let segments: Vec<Segment> = segments.into_iter().map(constant).collect();
            let integral = |segment: &Segment| {
                f64::midpoint(segment.from.get(), segment.to.get()) * segment.during.length().as_secs_f64()
            };
            let expected: f64 = segments.iter().map(integral).sum();
            let counted = count(&spec(vec![segments], 0), 0) as f64;
            prop_assert!((counted - expected).abs() <= 1.0, "{} of {}", counted, expected);
        }
    }
}
