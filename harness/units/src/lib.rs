//! What all rooms share: amounts as people write them in files, and kinds that files choose from by key.
//!
//! Every room may depend on this one; it depends on none. It opens nothing and reads no clock.
//! A point in time is a [`Moment`], a length of time is a [`Timespan`]: the types keep them from being mixed.

mod byte_rate;
mod draw;
mod kinds;
mod moment;
pub mod plural;
mod rate;
mod share;
mod size;
pub mod stats;
mod timespan;

pub use byte_rate::ByteRate;
pub use draw::Draw;
pub use kinds::{Kind, chapter, docs_of};
pub use moment::{Moment, Stretch};
pub use rate::Rate;
pub use share::Share;
pub use size::Size;
pub use timespan::Timespan;
