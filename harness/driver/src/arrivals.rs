//! When the requests of one class arrive, segment after segment.
//!
//! Arrivals are placed where the integrated rate reaches certain values: at k + ½ for even ones, at sums of
//! exponential gaps for Poisson ones. So a ramp needs no approximation, nothing drifts, and a rate that is lower
//! than one request a segment still gives its requests over several of them.

use std::time::Duration;

use rand_distr::{Distribution, Exp1};
use rand_pcg::Pcg64;
use units::Moment;

use crate::{Arrivals, Segment};

/// The moments at which a class's requests are due, in order; made one by one.
pub(crate) struct ArrivalTimes<'a> {
    segments: std::slice::Iter<'a, Segment>,
    segment: Option<&'a Segment>,
    /// Where in the integrated rate of the current segment the next even arrival lies.
    even: f64,
    /// The same for the next Poisson arrival.
    random: f64,
    draws: Pcg64,
}

impl<'a> ArrivalTimes<'a> {
    pub(crate) fn new(segments: &'a [Segment], seed: u64, class: u16) -> Self {
        let mut draws = Pcg64::new(u128::from(seed), u128::from(class));
        let random = Exp1.sample(&mut draws);
        let mut segments = segments.iter();
        let segment = segments.next();
        ArrivalTimes { segments, segment, even: 0.5, random, draws }
    }

    /// Where the next arrival of the current segment's sort lies.
    fn position(&mut self, arrivals: Arrivals) -> &mut f64 {
        match arrivals {
            Arrivals::Constant => &mut self.even,
            Arrivals::Poisson => &mut self.random,
        }
    }
}

impl Iterator for ArrivalTimes<'_> {
    type Item = Moment;

    fn next(&mut self) -> Option<Moment> {
        loop {
            let segment = self.segment?;
            let total = expected(segment);
            let position = self.position(segment.arrivals);
            if *position >= total {
                *position -= total;
                self.segment = self.segments.next();
                continue;
            }
            let at = reached(segment, *position);
            let gap = match segment.arrivals {
                Arrivals::Constant => 1.0,
                Arrivals::Poisson => Exp1.sample(&mut self.draws),
            };
            *self.position(segment.arrivals) += gap;
            return Some(at);
        }
    }
}

/// The integrated rate over a segment: how many arrivals it has on average.
fn expected(segment: &Segment) -> f64 {
    f64::midpoint(segment.from.get(), segment.to.get()) * segment.during.length().as_secs_f64()
}

/// When the integrated rate, counted from the start of the segment, reaches `position`.
fn reached(segment: &Segment, position: f64) -> Moment {
    let from = segment.from.get();
    let slope = (segment.to.get() - from) / segment.during.length().as_secs_f64();
    // from·t + slope·t²/2 = position, solved in the form that loses no digits when the slope is small.
    let root = (from * from + 2.0 * slope * position).max(0.0).sqrt();
    let seconds = 2.0 * position / (from + root);
    let last = Moment(segment.during.to.0 - 1);
    let offset = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    (segment.during.from + offset).min(last)
}
