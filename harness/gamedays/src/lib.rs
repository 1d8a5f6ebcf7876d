//! Game days: a file says what is practised, who has to agree, what ends it and how it is undone; the conduct of one holds to
//! that, and leaves a timeline that can be verified.
//!
//! The room needs no server. It prints nothing and asks nobody.

mod civil;
mod history;
mod schedule;
mod tally;
mod timeline;

pub use history::{Held, held};
pub use schedule::{ClockChange, Due, FIRINGS_MAX, Schedule};
pub use tally::{Counted, OVER_MAX, Tally};
pub use timeline::{BROWNOUT, BadTimeline, Entry, Event, Outcome, TEXT_MAX, TIMELINE, Timeline, bounded, entries};
