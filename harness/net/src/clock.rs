//! The one monotonic clock of a run, and its epoch.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rustix::time::{ClockId, clock_gettime};
use units::Moment;

use crate::simulated::Hourglass;

/// The epoch before it is set: so far ahead that every moment is negative.
const NOT_YET: i64 = i64::MAX / 2;

/// True if a moment was taken while its clock had an epoch; without one, the run begins in more than a century.
pub(crate) fn had_epoch(moment: Moment) -> bool {
    moment.0 > -(NOT_YET / 2)
}

/// Where nanoseconds come from.
enum Source {
    /// `CLOCK_MONOTONIC`.
    Real,
    /// Passes when nothing else is left to do.
    Simulated(Arc<Hourglass>),
}

/// A monotonic clock with an epoch that is set once, when the gateway is ready.
pub(crate) struct Clock {
    source: Source,
    epoch: AtomicI64,
}

impl Clock {
    pub(crate) fn real() -> Self {
        Clock { source: Source::Real, epoch: AtomicI64::new(NOT_YET) }
    }

    pub(crate) fn simulated(hourglass: Arc<Hourglass>) -> Self {
        Clock { source: Source::Simulated(hourglass), epoch: AtomicI64::new(NOT_YET) }
    }

    /// Nanoseconds of the underlying clock, whatever the epoch is.
    pub(crate) fn raw(&self) -> i64 {
        match &self.source {
            Source::Real => {
                let now = clock_gettime(ClockId::Monotonic);
                now.tv_sec * 1_000_000_000 + now.tv_nsec
            }
            Source::Simulated(hourglass) => hourglass.now(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment(self.raw() - self.epoch.load(Ordering::Relaxed))
    }

    /// What passes time in the simulated world.
    pub(crate) fn hourglass(&self) -> Option<&Arc<Hourglass>> {
        match &self.source {
            Source::Real => None,
            Source::Simulated(hourglass) => Some(hourglass),
        }
    }

    /// The underlying nanoseconds at which `moment` comes.
    pub(crate) fn raw_at(&self, moment: Moment) -> i64 {
        self.epoch.load(Ordering::Relaxed).saturating_add(moment.0)
    }

    pub(crate) fn epoch_is_set(&self) -> bool {
        self.epoch.load(Ordering::Relaxed) != NOT_YET
    }

    pub(crate) fn set_epoch_in(&self, nanos: i64) {
        self.epoch.store(self.raw() + nanos, Ordering::Relaxed);
    }
}
