//! The documents beside the tables: what was run (written first), and how it ended (written last).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use evidence::{Losses, RunNonce};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use units::Moment;

use crate::Seal;

/// The version of the evidence format that this build writes. Version 2 has the columns that say what a fault really
/// did and which bytes passed, tags with a nonce of 64 bits, and a seal on the manifest. A column more is no new version;
/// a change of what is there is one.
pub const FORMAT: u32 = 2;

/// The oldest version of the evidence format that this build reads.
pub const OLDEST_FORMAT: u32 = 1;

/// What was run: written before the first request, so that a run that is cut can still be judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the evidence format.
    pub format: u32,
    /// The version of brownout that recorded it.
    pub brownout: String,
    /// The directory name: time and scenario.
    pub run: String,
    /// Where the scenario was read from, as the user named it.
    pub scenario_path: String,
    /// The scenario as it was run, with every override in it.
    pub scenario_text: String,
    /// The settings that the command line changed in it, as `path=value`.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// The resolved plan. Secrets in it are redacted.
    pub plan: Value,
    /// The seed of every draw.
    pub seed: u64,
    /// Tells this run's tags from those of others.
    pub nonce: RunNonce,
    /// The gateway's kind.
    pub gateway: String,
    /// What the gateway says its version is, if it does.
    pub gateway_version: Option<String>,
    /// Where the gateway listened; absent if the run never began.
    #[serde(default)]
    pub gateway_address: Option<SocketAddr>,
    /// Where the backends listened, in the order of the plan; empty if the run never began.
    #[serde(default)]
    pub backend_addresses: Vec<SocketAddr>,
    /// The keyed hashes of the values that the policy puts into requests, by the key of each, as the headers of requests are
    /// hashed. Empty if it puts none, or the run never began.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub declared_hashes: BTreeMap<String, u64>,
    /// Bytes that the gateway printed and that its log has not, because it printed more than is kept. Known at the end.
    #[serde(default)]
    pub gateway_log_left_out: u64,
    /// True if sockets and time were simulated.
    pub simulated: bool,
    /// Wall-clock time at the epoch, RFC 3339.
    pub started: String,
    /// The machine that it ran on.
    pub machine: Machine,
}

/// The machine of a run, as far as it matters for reading the figures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// Operating system and its version.
    pub system: String,
    /// Processor architecture.
    pub architecture: String,
    /// Cores that the process may use.
    pub cores: usize,
}

/// How the run ended; a run directory without it was cut.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ending {
    /// When the run was over.
    pub at: Moment,
    /// Why it ended before its plan did, if it did: "interrupted", or the gateway's death.
    pub early: Option<String>,
    /// What could not be recorded, because a bound was reached.
    pub losses: Losses,
    /// Name, bytes and XXH3-64 of each table's file, by which an edited one is found out.
    pub files: Vec<(String, u64, String)>,
    /// Bytes and XXH3-64 of the manifest, and so of the plan in it. Absent in evidence of format 1.
    #[serde(default)]
    pub manifest: Option<Seal>,
}
