//! The run over time, and what else the charts of a report are drawn from.
//!
//! All series share one time axis of equal bins from the epoch on. An exchange counts in the bin in which it was
//! due, an attempt in the one in which it arrived; what lies outside the axis counts in its first or last bin, so
//! that the sums over all bins are the totals of the run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most bins of the shared time axis.
pub const BINS_MAX: usize = 300;

/// The run over time. It is empty (no bins) where nothing was recorded, or in a report that was written without.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Series {
    /// Number of bins, at most 300. Each list below has one entry a bin.
    pub bins: usize,
    /// Width of a bin, in seconds.
    pub bin_s: f64,
    /// End of the axis, in seconds since the epoch; the last bin may end earlier than its width says.
    pub end_s: f64,
    /// Exchanges by how they ended, in the bin in which they were due.
    pub outcomes: Vec<CountLine>,
    /// Attempts by backend, in the bin in which they arrived.
    pub attempts: Vec<CountLine>,
    /// Response times of the exchanges that were due in a bin and were sent.
    pub response: QuantileLines,
    /// The same response times, counted by length.
    pub heat: Heat,
    /// Attempts for each request that was sent in a bin, mean; absent where none was.
    pub attempts_mean: Vec<Option<f64>>,
    /// The most attempts for one request that was due in a bin.
    pub attempts_max: Vec<u64>,
    /// The most exchanges that were under way at one moment of a bin, seen from the client.
    pub in_flight_max: Vec<u64>,
    /// Lag of the driver, 99th percentile in milliseconds; absent where nothing was sent.
    pub lag_p99_ms: Vec<Option<f64>>,
    /// The longest stall of the machine that began in a bin, in milliseconds; 0 is none.
    pub hiccup_max_ms: Vec<f64>,
}

/// Counts over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CountLine {
    /// What is counted.
    pub name: String,
    /// The count in each bin.
    pub counts: Vec<u64>,
}

/// Quantiles over time, in milliseconds; absent where a bin has no exchange.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct QuantileLines {
    /// Median.
    pub p50_ms: Vec<Option<f64>>,
    /// 90th percentile.
    pub p90_ms: Vec<Option<f64>>,
    /// 99th percentile.
    pub p99_ms: Vec<Option<f64>>,
    /// Largest.
    pub max_ms: Vec<Option<f64>>,
}

/// Response times by length and time: how many fell into each cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Heat {
    /// The rows, shortest times first. Rows without any exchange at either end are left out.
    pub rows: Vec<HeatRow>,
}

/// Response times from one length up to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeatRow {
    /// The row's lower bound in milliseconds, which belongs to it.
    pub from_ms: f64,
    /// The row's upper bound in milliseconds, which belongs to the next row.
    pub to_ms: f64,
    /// The count in each bin.
    pub counts: Vec<u64>,
}

/// The window of a planned fault.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Band {
    /// The injection, by its place in the report's list, from 0.
    pub injection: usize,
    /// The fault's kind.
    pub name: String,
    /// The backends that it is on.
    pub backends: Vec<String>,
    /// When it comes into force, in seconds since the epoch.
    pub from_s: f64,
    /// When it ends.
    pub to_s: f64,
}

/// What the breaker in front of one backend did, as far as the arrivals at the backend tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BreakerStrip {
    /// The backend.
    pub backend: String,
    /// The states, one after the other; empty where they can't be told.
    pub stretches: Vec<BreakerStretch>,
    /// Why the states can't be told, or only for a part of the run.
    pub unknown: Option<String>,
}

/// A state of a breaker, from one moment to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BreakerStretch {
    /// Start, in seconds since the epoch.
    pub from_s: f64,
    /// End.
    pub to_s: f64,
    /// The state.
    pub state: BreakerState,
}

/// What traffic a backend gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Traffic flows.
    Closed,
    /// Nothing arrives although traffic goes on, and chance does not explain it.
    Open,
    /// A few requests arrive between two silences.
    Probing,
    /// It can't be told.
    Unknown,
}

/// How long the exchanges of a traffic class took in a phase, as a histogram of two significant digits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Distribution {
    /// The traffic class.
    pub traffic: String,
    /// The phase.
    pub phase: String,
    /// `response` (done − due) or `service` (done − sent).
    pub time: String,
    /// Upper bound in microseconds, which belongs to the bucket, and count; only buckets that have any, in order.
    pub buckets: Vec<(u64, u64)>,
}

/// What took part in the run, as far as it is known: what one needs to run it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Inventory {
    /// Where the gateway listened, if that is on record.
    pub gateway_address: Option<String>,
    /// The backends, in the order of the scenario.
    pub backends: Vec<BackendItem>,
    /// The policy that the gateway is declared to have.
    pub policy: Option<String>,
    /// The gateway's configuration, as far as it lies beside the evidence.
    pub configuration: Option<String>,
    /// True if brownout made the configuration from the policy, false if it is the user's own; absent where that is not on
    /// record.
    pub configuration_made: Option<bool>,
    /// The scenario as it was run, with every override in it.
    pub scenario: Option<String>,
    /// The machine: system, architecture, cores.
    pub machine: Option<String>,
    /// The limits of the run, by name.
    pub limits: Vec<(String, String)>,
}

/// A backend as planned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackendItem {
    /// Its name.
    pub name: String,
    /// Where it listened, if that is on record.
    pub address: Option<String>,
    /// Its share of the traffic, relative to the others of its priority.
    pub weight: u32,
    /// Its group; 0 is used first.
    pub priority: u32,
}
