//! Game days: a file says what is practised, who has to agree, what ends it and how it is undone; the conduct of one holds to
//! that, and leaves a timeline that can be verified.
//!
//! The room needs no server. It prints nothing, asks nobody, and lets time pass through its [`Environment`] only.

mod address;
mod approvals;
mod bundle;
mod civil;
mod cloud_event;
mod conduct;
mod day;
mod decide;
mod describe;
mod environment;
mod event;
mod examine;
mod file;
mod history;
mod load;
mod machine;
mod prerequisite;
mod resolve;
mod schedule;
mod scrapes;
mod stop;
mod tally;
mod timeline;
mod wording;

pub use approvals::Approval;
pub use bundle::{BundleError, Verified, bundle, verify};
pub use conduct::{
    ConductError, Listener, Orders, RecoverError, RunMade, Standing, conduct, recover, tell_unheld,
};
pub use day::{ApprovalRule, GameDay, Notify, PlannedRun, Preflight, Rollback};
pub use decide::{DecideError, Decision, decide, decisions};
pub use describe::{Description, describe};
pub use environment::{
    Environment, Errand, Pending, Post, Question, Ran, RunEnd, RunOrder, STEP, Underway, wait,
};
pub use event::{Entry, Event, Outcome};
pub use examine::examine;
pub use file::{Occasion, When};
pub use history::{Held, held};
pub use load::{load, load_text, schema};
pub use machine::Machine;
pub use prerequisite::PrerequisiteSettings;
pub use schedule::{ClockChange, Due, FIRINGS_MAX, Schedule};
pub use scrapes::Scrapes;
pub use stop::{Reading, StopSettings};
pub use tally::{Counted, OVER_MAX, Tally};
pub use timeline::{BROWNOUT, BadTimeline, TEXT_MAX, TIMELINE, Timeline, bounded, entries};
