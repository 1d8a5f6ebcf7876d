//! The machine of a breaker, step by step.

use proptest::prelude::*;
use units::{Share, Timespan};

use super::*;
use policy::{Breaker, Trip};

const NO_TRIP: Trip = Trip { consecutive: None, count: None, share: None, within: None, min: None };
const OPEN_FOR: Duration = Duration::from_secs(5);

fn machine(trip: Trip, probes: u16) -> Machine {
    let open_for = Timespan(OPEN_FOR);
    of(&Breaker { probes: Some(probes), retry_after: true, ..Breaker::new(trip, open_for) })
}

fn of(breaker: &Breaker) -> Machine {
    Machine::new(Rc::new(Rules::new(breaker)), Moment::EPOCH)
}

impl Machine {
    fn admits(&self, now: Moment) -> bool {
        self.share(now) > 0.0
    }
}

fn in_a_row(consecutive: u32) -> Trip {
    Trip { consecutive: Some(consecutive), ..NO_TRIP }
}

fn at(millis: u64) -> Moment {
    Moment::after_epoch(Duration::from_millis(millis))
}

fn fail(machine: &mut Machine, now: Moment) {
    let pass = machine.admit(now).expect("it is let through");
    machine.record(now, pass, Outcome::Failure(None), true);
}

fn succeed(machine: &mut Machine, now: Moment) {
    let pass = machine.admit(now).expect("it is let through");
    machine.record(now, pass, Outcome::Success, true);
}

#[test]
fn it_opens_at_the_last_failure_of_the_row_and_for_exactly_its_time() {
    let mut machine = machine(in_a_row(2), 1);
    fail(&mut machine, at(0));
    succeed(&mut machine, at(1));
    fail(&mut machine, at(2));
    fail(&mut machine, at(3));
    assert!(!machine.admits(at(3)));
    assert!(!machine.admits(at(5003) - Duration::from_nanos(1)));
    assert!(machine.admits(at(5003)));
}

#[test]
fn failures_count_within_the_window_only() {
    let within = Some(Timespan::from_millis(100));
    let mut machine = machine(Trip { count: Some(2), within, ..NO_TRIP }, 1);
    fail(&mut machine, at(0));
    fail(&mut machine, at(100));
    assert!(machine.admits(at(100)), "the first has left the window");
    fail(&mut machine, at(199));
    assert!(!machine.admits(at(199)));
}

#[test]
fn a_share_counts_from_the_fewest_requests_on() {
    let within = Some(Timespan::from_secs(10));
    let trip = Trip { share: Share::new(0.5), within, min: Some(4), ..NO_TRIP };
    let mut machine = machine(trip, 1);
    fail(&mut machine, at(0));
    fail(&mut machine, at(1));
    succeed(&mut machine, at(2));
    assert!(machine.admits(at(2)));
    fail(&mut machine, at(3));
    assert!(!machine.admits(at(3)));
}

#[test]
fn what_was_sent_before_it_opened_decides_nothing_afterwards() {
    let mut machine = machine(in_a_row(1), 2);
    let early = machine.admit(at(0)).unwrap();
    let also_early = machine.admit(at(0)).unwrap();
    fail(&mut machine, at(1));
    machine.record(at(2), early, Outcome::Success, true);
    assert!(!machine.admits(at(2)), "a late success does not close it");
    let _probe = machine.admit(at(5001)).unwrap();
    machine.record(at(5002), also_early, Outcome::Failure(None), true);
    assert!(machine.admits(at(5002)), "a late failure does not end the probing");
}

#[test]
fn retry_after_is_obeyed_up_to_an_hour() {
    for (asked, open_for) in [(7, 7), (u64::MAX, 3600)] {
        let mut machine = machine(in_a_row(1), 1);
        let pass = machine.admit(at(0)).unwrap();
        machine.record(at(0), pass, Outcome::Failure(Some(Duration::from_secs(asked))), true);
        assert!(!machine.admits(at(open_for * 1000 - 1)));
        assert!(machine.admits(at(open_for * 1000)));
    }
}

/// What may happen to a breaker.
#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Admit,
    /// The end of the request that was let through as the n-th of those under way.
    End(usize, Outcome),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![Just(Outcome::Success), Just(Outcome::Failure(None)), Just(Outcome::Unknown),];
    let step = prop_oneof![
        (0..4000_u64).prop_map(Step::Wait),
        Just(Step::Admit),
        Just(Step::Admit),
        (0..8_usize, outcome).prop_map(|(which, outcome)| Step::End(which, outcome)),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    #[test]
    fn it_is_never_open_too_long_and_never_lets_too_many_probes_through(
        steps in steps(), consecutive in 1..4_u32, probes in 1..4_u16,
    ) {
        let mut machine = machine(in_a_row(consecutive), probes);
        let mut now = Moment::EPOCH;
        let mut under_way: Vec<Pass> = Vec::new();
        for step in steps {
            match step {
                Step::Wait(millis) => now = now + Duration::from_millis(millis),
                Step::Admit => {
                    let promised = machine.admits(now);
                    let pass = machine.admit(now);
                    prop_assert_eq!(promised, pass.is_some());
                    under_way.extend(pass);
                }
                Step::End(which, outcome) if !under_way.is_empty() => {
                    let pass = under_way.remove(which % under_way.len());
                    machine.record(now, pass, outcome, true);
                }
                Step::End(..) => {}
            }
            let current = under_way.iter().filter(|pass| pass.generation == machine.generation).count();
            if let State::HalfOpen(probing) = machine.state {
                prop_assert_eq!(usize::from(probing), current);
                prop_assert!(probing <= probes);
            }
            if let State::Open(until) = machine.state {
                prop_assert!(until <= now + OPEN_FOR);
            }
            // However it stands, it comes back by itself once nothing is under way.
            if current == 0 {
                prop_assert!(machine.admits(now + OPEN_FOR));
            }
        }
    }

    #[test]
    fn a_row_trips_it_exactly_when_a_plain_count_says_so(
        results in prop::collection::vec(any::<bool>(), 0..60), consecutive in 1..6_u32,
    ) {
        let mut machine = machine(in_a_row(consecutive), 1);
        let mut row = 0;
        for failed in results {
            if failed { fail(&mut machine, at(0)) } else { succeed(&mut machine, at(0)) }
            row = if failed { row + 1 } else { 0 };
            prop_assert_eq!(machine.admits(at(0)), row < consecutive);
            if row == consecutive {
                break;
            }
        }
    }

    #[test]
    fn a_window_trips_it_exactly_when_a_plain_count_says_so(
        results in prop::collection::vec((0..40_u64, any::<bool>()), 0..80), count in 1..6_u32,
    ) {
        let within = Some(Timespan::from_millis(100));
        let mut machine = machine(Trip { count: Some(count), within, ..NO_TRIP }, 1);
        let (mut millis, mut failures) = (0, Vec::new());
        for (gap, failed) in results {
            millis += gap;
            if failed { fail(&mut machine, at(millis)) } else { succeed(&mut machine, at(millis)) }
            failures.extend(failed.then_some(millis));
            let recent = failures.iter().filter(|earlier| millis - **earlier < 100).count();
            let trips = failed && recent >= count as usize;
            prop_assert_eq!(machine.admits(at(millis)), !trips);
            if trips {
                break;
            }
        }
    }
}

fn breaker(trip: Trip) -> Breaker {
    Breaker::new(trip, Timespan(OPEN_FOR))
}

#[test]
fn an_open_time_that_grows_is_multiplied_by_the_openings_since_the_last_success() {
    let open_max = Some(Timespan::from_secs(12));
    let mut machine = of(&Breaker { open_grows: true, open_max, ..breaker(in_a_row(1)) });
    let mut now = 0;
    for open_for in [5, 10, 12, 12] {
        fail(&mut machine, at(now));
        assert!(!machine.admits(at(now + open_for * 1000 - 1)), "{open_for}");
        now += open_for * 1000;
    }
    succeed(&mut machine, at(now));
    fail(&mut machine, at(now));
    assert!(machine.admits(at(now + 5000)), "a success ends the row");
}

#[test]
fn an_open_time_ends_at_a_tick() {
    let mut machine = of(&Breaker { tick: Some(Timespan::from_secs(2)), ..breaker(in_a_row(1)) });
    fail(&mut machine, at(100));
    assert!(!machine.admits(at(5999)) && machine.admits(at(6000)));
    succeed(&mut machine, at(6000));
    fail(&mut machine, at(7000));
    assert!(!machine.admits(at(11_999)) && machine.admits(at(12_000)), "on the tick it waits for no other");
}

#[test]
fn all_traffic_comes_back_at_once_and_takes_as_many_fresh_failures_to_go() {
    let mut machine = of(&Breaker { way_back: Some(WayBack::All), ..breaker(in_a_row(3)) });
    for now in [0, 5002] {
        for failure in 0..3 {
            assert!(machine.admits(at(now + failure)));
            fail(&mut machine, at(now + failure));
        }
        assert!(!machine.admits(at(now + 3)));
    }
}

#[test]
#[expect(clippy::float_cmp, reason = "quarters are exact")]
fn a_ramp_gives_the_traffic_back_in_proportion_to_its_time() {
    let ramp = Some(WayBack::Ramp(Timespan::from_secs(4)));
    let mut machine = of(&Breaker { way_back: ramp, ..breaker(in_a_row(1)) });
    fail(&mut machine, at(0));
    let shares = |machine: &Machine| [5000, 6000, 7000, 9000, 60_000].map(|now| machine.share(at(now)));
    assert_eq!(shares(&machine)[..3], [0.0, 0.25, 0.5]);
    succeed(&mut machine, at(6000));
    assert_eq!(shares(&machine), [0.0, 0.25, 0.5, 1.0, 1.0]);
}

#[test]
fn where_a_health_check_decides_time_alone_brings_nothing_back() {
    let mut machine = of(&Breaker { way_back: Some(WayBack::Check), ..breaker(in_a_row(1)) });
    fail(&mut machine, at(0));
    assert!(!machine.admits(at(3_600_000)));
    machine.heal(at(3_600_000));
    assert!(machine.admits(at(3_600_000)));
}

#[test]
fn while_enough_others_are_out_it_stays_closed_and_opens_with_the_next_failure_after_that() {
    let mut machine = of(&breaker(in_a_row(2)));
    for now in 0..5 {
        let pass = machine.admit(at(now)).unwrap();
        assert_eq!(machine.record(at(now), pass, Outcome::Failure(None), false), None);
    }
    fail(&mut machine, at(6));
    assert!(!machine.admits(at(6)));
}
