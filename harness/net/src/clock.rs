//! The one monotonic clock of a run, and its epoch.

use std::sync::atomic::{AtomicI64, Ordering};

use rustix::time::{ClockId, clock_gettime};
use units::Moment;

/// The epoch before it is set: so far ahead that every moment is negative.
const NOT_YET: i64 = i64::MAX / 2;

/// True if a moment was taken while its clock had an epoch; without one, the run begins in more than a century.
pub(crate) fn had_epoch(moment: Moment) -> bool {
    moment.0 > -(NOT_YET / 2)
}

/// Simulated nanoseconds are tokio's divided by this: tokio's timers step by a millisecond, so that simulated
/// time steps by a microsecond.
pub(crate) const SCALE: u32 = 1000;

/// Where nanoseconds come from.
enum Source {
    /// `CLOCK_MONOTONIC`.
    Real,
    /// Tokio's paused clock, counted from here.
    Simulated(tokio::time::Instant),
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

    #[expect(clippy::disallowed_methods, reason = "this is the place that the ban points to")]
    pub(crate) fn simulated() -> Self {
        Clock { source: Source::Simulated(tokio::time::Instant::now()), epoch: AtomicI64::new(NOT_YET) }
    }

    /// Nanoseconds of the underlying clock, whatever the epoch is.
    pub(crate) fn raw(&self) -> i64 {
        match &self.source {
            Source::Real => {
                let now = clock_gettime(ClockId::Monotonic);
                now.tv_sec * 1_000_000_000 + now.tv_nsec
            }
            Source::Simulated(base) => (base.elapsed() / SCALE).as_nanos() as i64,
        }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment(self.raw() - self.epoch.load(Ordering::Relaxed))
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
