//! What is due when: a pure function of the spec and its seed.

use units::{Moment, Stretch};

use crate::arrivals::ArrivalTimes;
use crate::{DriverSpec, Mode};

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
    ArrivalTimes::new(segments, spec.seed, class)
}
