//! Two reports of one scenario, or a report and a baseline, compared: what changed, what is the same, and what can't be told.
//!
//! Pure and deterministic: the same two reports give the same comparison.

pub mod baseline;
mod documents;
mod figure;
mod figures;
mod findings;
mod sample;
mod stats;
#[cfg(test)]
mod tests;
mod verdicts;
mod words;

pub use baseline::{Baseline, BaselineFigure};
pub(crate) use documents::named;
pub use documents::{Incomparable, compare, compare_with_baseline};
pub(crate) use figure::{Figure, Noise};
pub(crate) use figures::{figures, of_nobody};
pub(crate) use findings::own;
pub use findings::{BASELINE, baseline_findings};
pub(crate) use sample::Estimate;
pub(crate) use stats::{ALPHA, Z99, deviations};
pub(crate) use verdicts::{course, needs};
pub(crate) use words::Unit;
