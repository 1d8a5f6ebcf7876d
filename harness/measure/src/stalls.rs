//! When brownout itself stood still, so that each observation that this touches can be told from the rest.

use std::time::Duration;

use evidence::Ledger;
use units::{Moment, Stretch};

/// The watchdog wakes every 2 ms: a stall began at most that long before the moment at which it should have woken.
const STEP: Duration = Duration::from_millis(2);

/// The stalls of a run, merged and in order.
#[derive(Clone, Debug, Default)]
pub struct Stalls {
    stretches: Vec<Stretch>,
    /// The length of all stalls up to and without the one of the same index; one longer than `stretches`.
    before: Vec<Duration>,
}

impl Stalls {
    /// The stalls that a ledger has on record.
    pub fn of(ledger: &Ledger) -> Self {
        let hiccups = ledger.rest().hiccups.iter();
        let mut found: Vec<Stretch> = hiccups
            .map(|hiccup| Stretch {
                from: hiccup.at - STEP,
                to: hiccup.at + Duration::from_nanos(hiccup.length),
            })
            .collect();
        found.sort_by_key(|stall| stall.from);
        let mut stretches: Vec<Stretch> = Vec::with_capacity(found.len());
        for stall in found {
            match stretches.last_mut().filter(|last| stall.from <= last.to) {
                Some(last) => last.to = last.to.max(stall.to),
                None => stretches.push(stall),
            }
        }
        let mut before = vec![Duration::ZERO];
        for stall in &stretches {
            before.push(before[before.len() - 1] + stall.length());
        }
        Stalls { stretches, before }
    }

    /// How long the stalls lasted that touch a stretch of time, each counted whole.
    ///
    /// An event that falls into a stall is seen at its end, and what brownout does late is late by no more than the
    /// stall: so no observation between the two moments is off by more than this.
    pub fn touching(&self, from: Moment, to: Moment) -> Duration {
        let first = self.stretches.partition_point(|stall| stall.to < from);
        let end = self.stretches.partition_point(|stall| stall.from <= to);
        if end <= first { Duration::ZERO } else { self.before[end].saturating_sub(self.before[first]) }
    }

    /// The part of a stretch of time that was one of them, from 0 to 1.
    pub fn share_of(&self, stretch: Stretch) -> f64 {
        let within =
            self.stretches.iter().map(|stall| stall.to.min(stretch.to).since(stall.from.max(stretch.from)));
        let stalled: Duration = within.sum();
        if stalled.is_zero() {
            0.0
        } else {
            (stalled.as_secs_f64() / stretch.length().as_secs_f64()).min(1.0)
        }
    }

    /// The stalls, in order.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Run, at};

    fn stalls() -> Stalls {
        let run = Run::new().phase("p", 10.0).hiccup(100.0, 50.0).hiccup(120.0, 40.0).hiccup(500.0, 8.0);
        Stalls::of(&run.build().1)
    }

    #[test]
    fn stalls_that_overlap_are_one() {
        assert_eq!(stalls().stretches().len(), 2);
        assert_eq!(stalls().touching(at(0.0), at(1_000.0)), Duration::from_millis(62 + 10));
    }

    #[test]
    fn only_what_a_stall_touches_is_blurred_by_it() {
        let stalls = stalls();
        assert_eq!(stalls.touching(at(0.0), at(97.0)), Duration::ZERO);
        assert_eq!(stalls.touching(at(161.0), at(497.0)), Duration::ZERO);
        assert_eq!(stalls.touching(at(150.0), at(151.0)), Duration::from_millis(62));
        assert_eq!(stalls.touching(at(501.0), at(600.0)), Duration::from_millis(10));
    }
}
