//! Expectations judged on a ledger: findings with three verdicts, and the requests that show them.
//!
//! The room is synchronous, reads no clock and opens nothing: the same evidence gives the same report, today or
//! next year. It never passes what the ledger does not prove.

pub mod baseline;
mod behaviour;
mod brief;
mod compare;
pub mod expect;
mod finding;
mod histograms;
mod proof;
mod reconstruct;
mod series;
mod summary;
mod tables;
#[cfg(test)]
mod testing;
mod window;
mod witness;
mod words;

pub use baseline::{Baseline, BaselineFigure};
pub use brief::{About, BackendBrief, Brief, Demand, InjectionBrief, PhaseBrief, RunFacts, TrafficBrief};
pub use compare::{Incomparable, compare, compare_with_baseline};
pub use expect::{ExpectationSettings, Judged};
pub use histograms::histograms;
pub use summary::judge;
pub use window::{Noise, Window};
