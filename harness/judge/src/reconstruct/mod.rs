//! What a gateway did inside, read off what arrived outside: silences, gaps between attempts, timers that fired.
//!
//! Reconstruction looks only; what it means is said by the expectations.

mod arrivals;
mod bounds;
mod case;
mod gaps;
#[cfg(test)]
pub(crate) mod model;
mod silence;
mod timer;

pub(crate) use arrivals::{Arrival, Told, Traffic, arrivals, recorded_to};
pub(crate) use bounds::{Bounds, Figures, Ruling, Tally};
pub(crate) use case::{Case, Facts, joined};
pub(crate) use gaps::{Gap, gaps};
pub(crate) use silence::{Silence, missed_min, silences};
pub(crate) use timer::{Ending, ending, is_held};
