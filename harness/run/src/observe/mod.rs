//! What is seen of a run while it goes on: its rows, once they are on disk, are counted for people and told as a log.
//!
//! Nothing here is on the way of a request, and nothing here is evidence: a verdict never depends on it.

mod causes;
mod observer;
mod recent;
mod silence;
mod story;

pub use causes::Failures;
pub use observer::Sight;
pub(crate) use observer::{Observer, watching};
pub use recent::{RECENT, Recent};
pub(crate) use silence::{Change, Silence};
pub(crate) use story::Story;
