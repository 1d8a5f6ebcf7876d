//! Demands on measured facts: claims, one place that decides, and findings with the requests that show them.
//!
//! The room is synchronous, reads no clock and opens nothing: the same evidence gives the same report, today or
//! next year. It never passes what the ledger does not prove.

mod against;
pub mod claim;
mod compared;
mod decide;
pub mod demand;
mod estimates;
pub mod expect;
mod figures;
mod finding;
pub mod forecast;
mod late;
mod settling;
mod summary;
#[cfg(test)]
mod testing;
mod tolerance;
mod unasked;
mod witness;

pub use demand::Demand;
pub use expect::ExpectationSettings;
pub use summary::judge;
