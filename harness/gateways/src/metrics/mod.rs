//! The gateway's own metrics: how a scenario asks for them, what the series of a kind mean, and one page of them.

mod counters;
mod page;
mod settings;
#[cfg(test)]
mod tests;

pub use counters::{Counters, Up};
pub use page::MetricsPage;
pub(crate) use page::page;
pub use settings::{Metrics, SCRAPED_EVERY};
