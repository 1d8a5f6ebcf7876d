//! Points in time, counted from the epoch of the run.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Nanoseconds since the epoch of the run, on the one monotonic clock that all parts share.
///
/// A moment before the epoch is negative: the gateway is still getting ready, and no fault is active.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Moment(pub i64);

impl Moment {
    /// The epoch itself.
    pub const EPOCH: Moment = Moment(0);

    /// A moment that never comes.
    pub const NEVER: Moment = Moment(i64::MAX);

    /// The moment `length` after the epoch; lengths beyond 292 years are cut to [`Moment::NEVER`].
    pub fn after_epoch(length: Duration) -> Self {
        Moment(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX))
    }

    /// The length from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0).max(0) as u64)
    }

    /// Seconds since the epoch, for display and charts.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// True once the epoch has come.
    pub fn is_in_run(self) -> bool {
        self.0 >= 0
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;
    fn add(self, length: Duration) -> Moment {
        Moment(self.0.saturating_add(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Moment {
    type Output = Moment;
    fn sub(self, length: Duration) -> Moment {
        Moment(self.0.saturating_sub(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.seconds())
    }
}

/// The time from one moment up to, and without, another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stretch {
    /// The first moment inside.
    pub from: Moment,
    /// The first moment that is no longer inside.
    pub to: Moment,
}

impl Stretch {
    /// True if `moment` lies inside.
    pub fn contains(&self, moment: Moment) -> bool {
        self.from <= moment && moment < self.to
    }

    /// The length from start to end; zero when the end is not after the start.
    pub fn length(&self) -> Duration {
        self.to.since(self.from)
    }

    /// True if the two have a moment in common.
    pub fn overlaps(&self, other: &Stretch) -> bool {
        self.from < other.to && other.from < self.to
    }
}

impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}–{:.1} s", self.from.seconds(), self.to.seconds())
    }
}
