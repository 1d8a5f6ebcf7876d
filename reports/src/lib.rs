//! The report of a run: one versioned document, and the formats it is written in.
//!
//! The room knows nothing of the harness. A saved report can be rendered by it alone, and no format recomputes a
//! verdict.

mod actions;
mod behaviour;
mod comparison;
pub mod escape;
mod figures;
mod finding;
pub mod format;
mod grounds;
mod headline;
mod history;
mod measured;
mod metrics;
mod place;
mod policy;
mod quantile;
mod report;
mod rerun;
#[cfg(test)]
mod sample;
mod series;
mod several;
mod text;
mod timeline;
mod unasked;

pub use actions::ActionRow;
pub use behaviour::{Behaviour, BehaviourCell, Outage};
pub use comparison::{
    Answer, COMPARISON_VERSION, Change, Comparison, ComparisonFormat, Course, Group, Overlay, Side, Word,
};
pub use finding::{Finding, Lane, LaneEvent, Verdict, Witness, WitnessBar};
pub use history::{History, HistoryRun};
pub use measured::{Estimate, PolicyRow, SetAside, Unasked};
pub use metrics::{CounterRow, GatewayMetrics};
pub use report::{BackendRow, InjectionRow, LatencyRow, PhaseRow, Report, TrafficRow, VERSION};
pub use series::{
    BINS_MAX, BackendItem, Band, BreakerState, BreakerStretch, BreakerStrip, CountLine, Distribution, Heat,
    HeatRow, Inventory, QuantileLines, Series,
};
