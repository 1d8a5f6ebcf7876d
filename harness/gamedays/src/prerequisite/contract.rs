//! The contract of prerequisites.

use std::path::Path;

use gateways::Allowed;
use tokio_util::sync::CancellationToken;

use crate::day::GameDay;
use crate::environment::Environment;
use crate::stop::Cast;

/// Where a prerequisite is checked.
pub struct Scene<'a> {
    /// The world.
    pub environment: &'a dyn Environment,
    /// The game day.
    pub day: &'a GameDay,
    /// The directory of all of its days.
    pub history: &'a Path,
    /// The directory of this one.
    pub this: &'a Path,
    /// Where runs that are made for a check leave their evidence.
    pub out: &'a Path,
    /// What such a run may do.
    pub allowed: Allowed,
    /// Ends such a run in order.
    pub stop: &'a CancellationToken,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Whether it is met.
    pub met: bool,
    /// What was found, in words.
    pub found: String,
}

impl Checked {
    /// It is met.
    pub fn yes(found: impl Into<String>) -> Self {
        Checked { met: true, found: found.into() }
    }

    /// It is not met.
    pub fn no(found: impl Into<String>) -> Self {
        Checked { met: false, found: found.into() }
    }
}

/// A kind of prerequisite.
pub trait Prerequisite {
    /// Why it can't be used or never be met in this game day, if so.
    fn problem(&self, cast: &Cast<'_>) -> Option<String> {
        let _ = cast;
        None
    }

    /// The scenario that it runs.
    fn scenario(&self) -> Option<&str> {
        None
    }

    /// The prerequisite in words: `haproxy >= 2.6 is installed`.
    fn words(&self) -> String;

    /// Checks it.
    fn check(&self, scene: &Scene<'_>) -> Checked;
}
