//! What is seen of a run while it goes on: its rows, once they are on disk, are counted for people.
//!
//! Nothing here is on the way of a request, and nothing here is evidence: a verdict never depends on it.

mod causes;
mod observer;
mod recent;

pub use causes::Failures;
pub use observer::Sight;
pub(crate) use observer::{Observer, watching};
pub use recent::{RECENT, Recent};
