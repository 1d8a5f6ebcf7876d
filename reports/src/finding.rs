//! One demand judged in one window, with the requests that show it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Estimate, PolicyRow, SetAside};

/// What a finding says. The worst finding decides about the run.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The evidence proves that the demand was met.
    Pass,
    /// The evidence proves nothing either way.
    #[default]
    Inconclusive,
    /// The evidence proves that the demand was not met.
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Pass => "pass",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Fail => "fail",
        })
    }
}

/// One demand judged in one window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// A name that stays the same from run to run: `brownout/writes/no_replay`, with `#2` where it would repeat.
    pub id: String,
    /// The expectation's kind.
    pub expectation: String,
    /// The line of the scenario file that demands it, from 1.
    pub line: Option<u32>,
    /// The phase that was looked at.
    pub phase: String,
    /// The traffic class that was looked at; absent for all.
    pub traffic: Option<String>,
    /// The window, in seconds since the epoch: the settled part of the phase.
    pub from_s: f64,
    /// The end of the window.
    pub to_s: f64,
    /// What the evidence says.
    pub verdict: Verdict,
    /// One sentence for an operator: what the gateway did.
    pub summary: String,
    /// What was seen, with units.
    pub observed: String,
    /// What was demanded, with units.
    pub expected: String,
    /// Why the one follows from the other, or why nothing follows.
    pub because: String,
    /// How many observations it rests on.
    pub observations: u64,
    /// The smallest difference that could be told, if the figure has one, with units.
    pub resolution: Option<String>,
    /// Up to five requests that show it.
    pub witnesses: Vec<Witness>,
    /// The figures that were measured, each with its interval.
    #[serde(default)]
    pub estimates: Vec<Estimate>,
    /// Cases in which a gateway that breaks the demand would have shown it.
    #[serde(default)]
    pub exposures: u64,
    /// The smallest share of misbehaving requests, 0 to 1, that a pass excludes at 95 % confidence; absent where the
    /// demand is not about a share.
    #[serde(default)]
    pub excludes: Option<f64>,
    /// Observations that are not the gateway's: they are neither for nor against it.
    #[serde(default)]
    pub set_aside: Vec<SetAside>,
    /// What to change in the scenario to get an answer. Every inconclusive finding has one.
    #[serde(default)]
    pub remedy: Option<String>,
    /// The declared policy against the observed one, key by key; of the expectation `policy` alone.
    #[serde(default)]
    pub policy: Vec<PolicyRow>,
}

/// A request, with its attempts as a timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Witness {
    /// The exchange's tag.
    pub tag: u64,
    /// The traffic class.
    pub traffic: String,
    /// What it shows, in a few words: `delivered twice`.
    pub shows: String,
    /// What the gateway's own access log says of it: `503, 2 attempts, UF`. `None` where that is not on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged: Option<String>,
    /// The client's side.
    pub client: WitnessBar,
    /// When the schedule wanted it sent, in milliseconds before `client.from_ms`.
    pub lag_ms: f64,
    /// The attempts, by arrival.
    pub attempts: Vec<Lane>,
}

/// A stretch of a witness's timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WitnessBar {
    /// Start, in milliseconds since the epoch.
    pub from_ms: f64,
    /// End, in milliseconds since the epoch.
    pub to_ms: f64,
    /// How it ended: an outcome and a status, or an attempt's end.
    pub ended: String,
}

/// One attempt on its backend's lane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lane {
    /// The backend's name.
    pub backend: String,
    /// The attempt's number over the whole pool, from 1.
    pub number: u16,
    /// The stretch from arrival to end.
    pub bar: WitnessBar,
    /// The faults that hit it, as short words: `status 503`.
    pub faults: Vec<String>,
    /// What happened inside, such as the answer being written.
    pub events: Vec<LaneEvent>,
}

/// A moment on a lane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LaneEvent {
    /// When, in milliseconds since the epoch.
    pub at_ms: f64,
    /// What: `answer written`.
    pub what: String,
}
