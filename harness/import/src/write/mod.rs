//! The scenario that an import becomes: policy, faults that show each key of it, and what is expected.

mod names;
mod phases;
mod policy;
mod text;

pub use names::file_stem;
pub(crate) use names::of_members;
pub use text::{own_file, scenario};
