//! A circuit breaker as a pure machine: closed, open, half-open, and from there closed or open again, driven by explicit moments.

use std::time::Duration;

use units::Moment;

use super::window::Recent;
use policy::Breaker;

/// The longest `Retry-After` that is obeyed, so that a backend can't take itself out for ever.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// One breaker.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    settings: Breaker,
    state: State,
    /// Counts the changes of state, so that results of requests from before a change don't decide after it.
    generation: u64,
}

#[derive(Clone, Debug)]
enum State {
    /// Traffic flows.
    Closed(Recent),
    /// Rejected, until this moment.
    Open(Moment),
    /// Probing, with so many probes under way.
    HalfOpen(u16),
}

/// Leave to send one request. Its result is to be recorded with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    generation: u64,
}

/// How a request ended, as the breaker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The backend did its work.
    Success,
    /// It did not; and perhaps it said for how long.
    Failure(Option<Duration>),
    /// Nobody will know: the client went away first.
    Unknown,
}

impl Machine {
    pub(crate) fn new(settings: Breaker) -> Self {
        Machine { settings, state: State::Closed(Recent::default()), generation: 0 }
    }

    /// True if [`Machine::admit`] would let a request through.
    pub(crate) fn admits(&self, now: Moment) -> bool {
        match self.state {
            State::Closed(_) => true,
            State::Open(until) => now >= until,
            State::HalfOpen(probes) => probes < self.settings.probes.unwrap_or(1).max(1),
        }
    }

    /// Lets a request through, or not.
    pub(crate) fn admit(&mut self, now: Moment) -> Option<Pass> {
        if !self.admits(now) {
            return None;
        }
        match &mut self.state {
            State::Closed(_) => {}
            State::Open(_) => self.enter(State::HalfOpen(1)),
            State::HalfOpen(probes) => *probes += 1,
        }
        Some(Pass { generation: self.generation })
    }

    /// Notes how a request that was let through has ended.
    pub(crate) fn record(&mut self, now: Moment, pass: Pass, outcome: Outcome) {
        if pass.generation != self.generation {
            return;
        }
        match (&mut self.state, outcome) {
            (State::Closed(recent), Outcome::Success) => recent.note(&self.settings.trip, now, false),
            (State::Closed(recent), Outcome::Failure(retry_after)) => {
                recent.note(&self.settings.trip, now, true);
                if recent.trips(&self.settings.trip) {
                    self.open(now, retry_after);
                }
            }
            (State::HalfOpen(_), Outcome::Success) => self.enter(State::Closed(Recent::default())),
            (State::HalfOpen(_), Outcome::Failure(retry_after)) => self.open(now, retry_after),
            (State::HalfOpen(probes), Outcome::Unknown) => *probes -= 1,
            (State::Closed(_), Outcome::Unknown) | (State::Open(_), _) => {}
        }
    }

    fn open(&mut self, now: Moment, retry_after: Option<Duration>) {
        let asked =
            retry_after.filter(|_| self.settings.retry_after).map(|length| length.min(RETRY_AFTER_MAX));
        self.enter(State::Open(now + asked.unwrap_or(self.settings.open_for.0)));
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use units::{Share, Timespan};

    use super::*;
    use policy::Trip;

    const NO_TRIP: Trip = Trip { consecutive: None, count: None, share: None, within: None, min: None };
    const OPEN_FOR: Duration = Duration::from_secs(5);

    fn machine(trip: Trip, probes: u16) -> Machine {
        let open_for = Timespan(OPEN_FOR);
        Machine::new(Breaker { probes: Some(probes), retry_after: true, ..Breaker::new(trip, open_for) })
    }

    fn in_a_row(consecutive: u32) -> Trip {
        Trip { consecutive: Some(consecutive), ..NO_TRIP }
    }

    fn at(millis: u64) -> Moment {
        Moment::after_epoch(Duration::from_millis(millis))
    }

    fn fail(machine: &mut Machine, now: Moment) {
        let pass = machine.admit(now).expect("it is let through");
        machine.record(now, pass, Outcome::Failure(None));
    }

    fn succeed(machine: &mut Machine, now: Moment) {
        let pass = machine.admit(now).expect("it is let through");
        machine.record(now, pass, Outcome::Success);
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
        machine.record(at(2), early, Outcome::Success);
        assert!(!machine.admits(at(2)), "a late success does not close it");
        let _probe = machine.admit(at(5001)).unwrap();
        machine.record(at(5002), also_early, Outcome::Failure(None));
        assert!(machine.admits(at(5002)), "a late failure does not end the probing");
    }

    #[test]
    fn retry_after_is_obeyed_up_to_an_hour() {
        for (asked, open_for) in [(7, 7), (u64::MAX, 3600)] {
            let mut machine = machine(in_a_row(1), 1);
            let pass = machine.admit(at(0)).unwrap();
            machine.record(at(0), pass, Outcome::Failure(Some(Duration::from_secs(asked))));
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
        let outcome =
            prop_oneof![Just(Outcome::Success), Just(Outcome::Failure(None)), Just(Outcome::Unknown),];
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
                        machine.record(now, pass, outcome);
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
}
