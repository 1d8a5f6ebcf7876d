//! What a gateway did in one phase, as counts: what a comparison of two runs rests on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the gateway did with requests, by traffic class and phase, and what its breakers did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Behaviour {
    /// By traffic class and phase; only those in which requests were sent.
    pub cells: Vec<BehaviourCell>,
    /// By planned fault and backend.
    pub outages: Vec<Outage>,
}

/// What became of the requests of one traffic class in one phase, and of the attempts that were made for them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BehaviourCell {
    /// The traffic class.
    pub traffic: String,
    /// The phase in which the requests were due.
    pub phase: String,
    /// Requests that were sent.
    pub requests: u64,
    /// Those that succeeded.
    pub succeeded: u64,
    /// How they ended, by name: `200 from a backend`, `503 made by the gateway`.
    pub endings: Vec<(String, u64)>,
    /// Requests by their number of attempts, from 0 on; the last entry counts its number and more.
    pub attempts: Vec<u64>,
    /// Attempts by backend, in the order of the scenario.
    pub backends: Vec<(String, u64)>,
    /// Attempts after the first of a request.
    pub further: u64,
    /// Those that went to the backend of the attempt before.
    pub further_same: u64,
    /// Lives of the attempts that the gateway gave up: upper bound in microseconds, and count.
    pub given_up: Vec<(u64, u64)>,
    /// Times from the end of an attempt to the arrival of the next: upper bound in microseconds, and count.
    pub gaps: Vec<(u64, u64)>,
    /// Attempts whose answer no client could use.
    pub wasted: u64,
    /// Bytes of the request bodies that reached backends, and of the response bodies that reached clients.
    pub bytes: u64,
}

/// What a breaker did about one fault on one backend.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Outage {
    /// The backend.
    pub backend: String,
    /// The phase of the fault.
    pub phase: String,
    /// How often the breaker was seen to open while the fault was in force; silences that are shorter than a quarter of
    /// a second or three stalls of the machine are not counted.
    pub openings: u64,
    /// Attempts that failed there before it opened first; absent if it never did.
    pub failures_before: Option<u64>,
    /// The longest time for which it was open, in milliseconds; absent if it never was.
    pub open_ms: Option<f64>,
    /// Why it can't be told.
    pub unknown: Option<String>,
}
