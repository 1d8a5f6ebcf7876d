//! The facts of `measure` by the names under which kinds of the older contract know them.

pub(crate) use measure::arrivals::{Arrival, Told, Traffic, arrivals, recorded_to};
pub(crate) use measure::bounds::Bounds;
pub(crate) use measure::silence::{Silence, missed_min, silences};
#[cfg(test)]
pub(crate) use measure::testing::model;

pub(crate) use crate::case::{Case, Facts, joined};
