//! What a run could not record.

use serde::{Deserialize, Serialize};

/// What was dropped because a bound was reached. Any makes the run inconclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Losses {
    /// Rows that the recorder could not take in time.
    pub rows: u64,
    /// Backend connections that were turned away at the limit.
    pub connections: u64,
    /// Times that a backend or the gateway inside of brownout could not accept or make a connection for want of
    /// descriptors.
    #[serde(default)]
    pub shortages: u64,
}
