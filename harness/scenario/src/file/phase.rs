//! Phases, what is injected in them, and what is expected in them, as the file words it.

use fake_backends::fault::FaultSettings;
use fake_backends::{Correlate, Flap, Ramp, When};
use gateways::ActionSettings;
use schemars::JsonSchema;
use serde::Deserialize;
use units::{Rate, Timespan};

use super::{Keyed, Located, Named, Phases};

/// A named stretch of the run.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Phase")]
pub(crate) struct PhaseTable {
    /// Its name.
    pub(crate) name: Located<String>,
    /// How long it takes.
    #[serde(rename = "for")]
    pub(crate) length: Located<Timespan>,
    /// How much of its start expectations leave out, for the gateway to settle. Without it: nothing.
    pub(crate) settle: Option<Located<Timespan>>,
    /// What is different about traffic in this phase, by class. Classes that are not named keep their own rate.
    #[serde(default)]
    pub(crate) traffic: Named<Located<PhaseTraffic>>,
    /// What is different about mixes in this phase, by name: `rate`, or `from` and `to`.
    #[serde(default)]
    pub(crate) mix: Named<Located<PhaseTraffic>>,
    /// What backends do wrong in this phase.
    #[serde(default)]
    pub(crate) inject: Vec<Keyed<InjectOwn, FaultSettings>>,
    /// What is done to the gateway itself in this phase.
    #[serde(default)]
    pub(crate) act: Vec<Keyed<ActOwn, ActionSettings>>,
}

/// The load of one class, or of one mix, in one phase: `{ rate = "200/s" }`, `{ from = "100/s", to = "400/s" }` or `{ users = 0 }`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhaseTraffic {
    /// The rate throughout; `0/s` for silence.
    pub(crate) rate: Option<Located<Rate>>,
    /// The rate at the start of a ramp. Without it: its own rate.
    pub(crate) from: Option<Located<Rate>>,
    /// The rate at the end of a ramp. Without it: its own rate.
    pub(crate) to: Option<Located<Rate>>,
    /// For closed-loop classes: 0 for silence.
    pub(crate) users: Option<Located<u32>>,
}

/// A fault on some backends during a phase, or a part of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Injection")]
pub(crate) struct InjectOwn {
    /// The backends that it hits. Without it: all.
    pub(crate) on: Option<Located<Vec<Located<String>>>>,
    /// When it begins, counted from the start of the phase. Without it: at once.
    pub(crate) from: Option<Located<Timespan>>,
    /// How long it is in force. Without it: to the end of the phase.
    #[serde(rename = "for")]
    pub(crate) length: Option<Located<Timespan>>,
    /// Lets it come and go meanwhile: `{ period = "2s", duty = 0.25 }` is in force in the first quarter of every two seconds.
    pub(crate) flap: Option<Located<Flap>>,
    /// Lets its settings move, from these to its own: `{ from = { share = 0.0 }, over = "5s" }`. What moves may be any number,
    /// length of time, size or rate of the fault.
    pub(crate) ramp: Option<Located<Ramp>>,
    /// What its hits on its backends have in common: `"requests"` (a request that is hit is hit at all of them, however often
    /// it is tried), `{ moments = "100ms" }` (for so long all that arrives is hit, or nothing), `{ turns = "1s" }` (one backend
    /// at a time, each for so long). Without it: nothing, each attempt is drawn for itself.
    pub(crate) correlate: Option<Located<Correlate>>,
    /// Which requests it may hit: `{ method = "POST", path = "/orders/*", traffic = "writes", header = { name = "x-tenant",
    /// value = "a" } }`, all of which a request has to meet; `{ probe = true }` for health checks only, `{ probe = false }` for all
    /// but these. Without it: all requests.
    pub(crate) when: Option<Located<When>>,
}

/// Something that is done to the gateway in a phase.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Action")]
pub(crate) struct ActOwn {
    /// When it begins, counted from the start of the phase. Without it: at once.
    pub(crate) at: Option<Located<Timespan>>,
}

/// Where and on what an expectation looks.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Expectation")]
pub(crate) struct ExpectOwn {
    /// A phase, or a list of phases. Without it: every phase; for a kind that needs a fault, every phase with one.
    #[serde(rename = "in")]
    pub(crate) phases: Option<Phases>,
    /// The traffic class that it is about. Without it: all traffic.
    pub(crate) traffic: Option<Located<String>>,
    /// How much of the phase's start it leaves out. Without it: the phase's own `settle`.
    pub(crate) settle: Option<Located<Timespan>>,
    /// The fewest observations that prove anything. Without it: the kind's own minimum.
    pub(crate) samples_min: Option<u64>,
}
