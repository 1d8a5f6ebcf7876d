//! Where the requests of the schedule come from: each source has arrivals of its own, and is a class or a mix of classes.

use units::Moment;

use crate::arrivals::ArrivalTimes;
use crate::mix::Deal;
use crate::spec::{Arrivals, DriverSpec, Mode, Segment};

/// One request of the schedule. Its tag is its index there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// When it is to be sent.
    pub at: Moment,
    /// The traffic class, by its index in the spec.
    pub class: u16,
}

/// The requests of one source, in order; made one by one.
pub(crate) struct Source<'a> {
    times: Times<'a>,
    classes: Classes,
}

/// When the requests of a source are due.
enum Times<'a> {
    Spread(ArrivalTimes<'a>),
    Traced(std::iter::Copied<std::slice::Iter<'a, Moment>>),
}

/// Of which class the requests of a source are.
enum Classes {
    One(u16),
    Dealt(Deal),
}

/// The first number of a mix among sources; those before it are of classes.
const MIXES: u32 = 1 << 16;

/// All sources of a spec. A closed-loop class has none, and a class of a mix none of its own.
pub(crate) fn sources(spec: &DriverSpec) -> Vec<Source<'_>> {
    let all = spread(spec);
    let alone = all.iter().filter(|(_, segments, _)| has_constant(segments)).count() < 2;
    let spread = all.into_iter().map(|(number, segments, classes)| Source {
        times: Times::Spread(ArrivalTimes::new(segments, spec.seed, number, alone)),
        classes,
    });
    let traced = spec.classes.iter().zip(0u16..).filter_map(|(class, index)| match &class.mode {
        Mode::Trace(trace) => {
            Some(Source { times: Times::Traced(trace.due.iter().copied()), classes: Classes::One(index) })
        }
        Mode::Open(_) | Mode::Closed { .. } => None,
    });
    spread.chain(traced).collect()
}

/// The sources whose arrivals are made from rates: their numbers, rates and classes.
fn spread(spec: &DriverSpec) -> Vec<(u32, &[Segment], Classes)> {
    let classes = spec.classes.iter().zip(0u16..).filter_map(|(class, index)| match &class.mode {
        Mode::Open(segments) if class.mix.is_none() => {
            Some((u32::from(index), segments.as_slice(), Classes::One(index)))
        }
        Mode::Open(_) | Mode::Trace(_) | Mode::Closed { .. } => None,
    });
    let mixes = spec.mixes.iter().zip(0u16..).filter_map(|(mix, index)| {
        Some((MIXES + u32::from(index), mix.segments.as_slice(), Classes::Dealt(Deal::of(spec, index)?)))
    });
    classes.chain(mixes).collect()
}

fn has_constant(segments: &[Segment]) -> bool {
    segments.iter().any(|segment| segment.arrivals == Arrivals::Constant)
}

impl Iterator for Source<'_> {
    type Item = Due;

    fn next(&mut self) -> Option<Due> {
        let at = match &mut self.times {
            Times::Spread(times) => times.next()?,
            Times::Traced(times) => times.next()?,
        };
        let class = match &mut self.classes {
            Classes::One(class) => *class,
            Classes::Dealt(deal) => deal.next(),
        };
        Some(Due { at, class })
    }
}
