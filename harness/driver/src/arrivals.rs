//! When the requests of one source, a class or a mix of classes, arrive, segment after segment.
//!
//! Arrivals are placed where the integrated rate reaches certain values: one in each [k, k + 1) for constant ones, at
//! sums of exponential gaps for Poisson ones. So a ramp needs no approximation, nothing drifts, and a rate that is lower
//! than one request a segment still gives its requests over several of them.
//!
//! A source that alone is constant has its arrivals at k + ½, at even distances. If several had, they would take turns
//! in a fixed order, and a balancer that takes turns too would send each source to a backend of its own for ever: equal
//! rates over two backends are enough. An offset does not help, since it leaves the order fixed. So constant sources
//! that are several have their arrivals at places in [k, k + 1) that step through it by the golden ratio, each source
//! from a place of its own: they come before and after each other by turns that never repeat, and their gaps are 0.62
//! or 1.62 of the even distance.

use std::time::Duration;

use rand_distr::{Distribution, Exp1};
use rand_pcg::Pcg64;
use units::Moment;

use crate::spec::{Arrivals, Segment};

/// The golden ratio less one: multiples of it, without their whole part, fill [0, 1) more evenly than those of any
/// other number (Knuth, volume 3, section 6.4).
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// The moments at which a source's requests are due, in order; made one by one.
pub(crate) struct ArrivalTimes<'a> {
    segments: std::slice::Iter<'a, Segment>,
    segment: Option<&'a Segment>,
    constant: Constant,
    /// Where in the integrated rate of the current segment the next Poisson arrival lies.
    random: f64,
    draws: Pcg64,
}

/// The constant arrivals of a source.
struct Constant {
    /// The number of the source, where there are others with constant arrivals; `None` where it is alone.
    among: Option<u32>,
    /// Constant arrivals so far.
    number: u64,
    /// Where in the integrated rate of the current segment the interval of the next one begins.
    interval: f64,
}

impl Constant {
    /// Where in the integrated rate of the current segment the next one lies.
    fn position(&self) -> f64 {
        let steps = self.among.map_or(0, |source| u64::from(source) + self.number);
        self.interval + (0.5 + steps as f64 * GOLDEN).fract()
    }
}

impl<'a> ArrivalTimes<'a> {
    /// Those of the source with this number. `alone` if no two sources have constant arrivals.
    pub(crate) fn new(segments: &'a [Segment], seed: u64, source: u32, alone: bool) -> Self {
        let mut draws = Pcg64::new(u128::from(seed), u128::from(source));
        let random = Exp1.sample(&mut draws);
        let mut segments = segments.iter();
        let segment = segments.next();
        let constant = Constant { among: (!alone).then_some(source), number: 0, interval: 0.0 };
        ArrivalTimes { segments, segment, constant, random, draws }
    }

    /// Where the next arrival of this sort lies in the current segment.
    fn place(&self, arrivals: Arrivals) -> f64 {
        match arrivals {
            Arrivals::Constant => self.constant.position(),
            Arrivals::Poisson => self.random,
        }
    }

    /// Goes on to the next arrival of this sort.
    fn advance(&mut self, arrivals: Arrivals) {
        match arrivals {
            Arrivals::Constant => {
                self.constant.number += 1;
                self.constant.interval += 1.0;
            }
            Arrivals::Poisson => {
                let gap: f64 = Exp1.sample(&mut self.draws);
                self.random += gap;
            }
        }
    }

    /// Counts this sort's places from the end of a segment whose integrated rate is `total`.
    fn leave(&mut self, arrivals: Arrivals, total: f64) {
        match arrivals {
            Arrivals::Constant => self.constant.interval -= total,
            Arrivals::Poisson => self.random -= total,
        }
    }
}

impl Iterator for ArrivalTimes<'_> {
    type Item = Moment;

    fn next(&mut self) -> Option<Moment> {
        loop {
            let segment = self.segment?;
            let (arrivals, total) = (segment.arrivals, expected(segment));
            let position = self.place(arrivals);
            if position < total {
                self.advance(arrivals);
                return Some(reached(segment, position));
            }
            self.leave(arrivals, total);
            self.segment = self.segments.next();
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
