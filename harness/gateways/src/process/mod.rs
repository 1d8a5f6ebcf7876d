//! Child processes: started so that they can't outlive the run, watched, stopped, reaped.

mod child;
mod conceal;
mod orphan;
mod output;
mod short;

pub use child::Process;
pub(crate) use child::STOP;
pub(crate) use conceal::Concealer;
pub(crate) use orphan::Guard;
pub(crate) use short::{Said, run_to_its_end};
