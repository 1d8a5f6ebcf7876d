//! The shape of a scenario file: every key, its type and its documentation.
//!
//! A kind is chosen by its key, so that errors point at the exact word. Never `flatten` or `untagged`: both lose the
//! place. What a diagnostic may have to point at is [`Located`].

mod keyed;
mod kinds;
mod located;
mod mix;
mod named;
mod phase;
mod phases;
mod scenario;
mod traffic;

pub use keyed::Keyed;
pub use kinds::Kinds;
pub use located::Located;
pub(crate) use mix::MixTable;
pub(crate) use named::Named;
pub(crate) use phase::{ActOwn, ExpectOwn, InjectOwn, PhaseTable, PhaseTraffic};
pub(crate) use phases::Phases;
pub(crate) use scenario::{BackendTable, Scenario};
pub(crate) use traffic::{ArrivalsWord, BodyTable, TrafficTable};
