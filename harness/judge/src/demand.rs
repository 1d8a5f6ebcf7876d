//! What is demanded, expectation by expectation, and what a report says of the run beside it.

use measure::brief::Brief;
use measure::view::Place;
use reports::Inventory;
use serde::{Deserialize, Serialize};
use units::Timespan;

use crate::expect::ExpectationSettings;
use crate::forecast::{Forecast, Outlook};

/// One expectation of the scenario, resolved to one phase.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Demand {
    /// The kind with its bounds.
    pub expectation: ExpectationSettings,
    /// The phase that it looks at, by its index.
    pub phase: usize,
    /// The traffic class that it looks at, by its index; all of them without it.
    pub traffic: Option<u16>,
    /// How much of the phase's start is left out, for the gateway to settle.
    pub settle: Timespan,
    /// The fewest observations that prove anything; the kind's own minimum without it.
    pub samples_min: Option<u64>,
    /// True if the scenario names no phase, and all that have a fault are looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole_run: bool,
    /// The line of the scenario file that demands it, from 1.
    pub line: Option<u32>,
}

impl Demand {
    /// Where it looks.
    pub fn place(&self) -> Place {
        Place {
            phase: self.phase,
            traffic: self.traffic,
            settle: self.settle,
            samples_min: self.samples_min,
            whole_run: self.whole_run,
        }
    }

    /// What can be told of it before a run: what its kind foresees, and whether the faults that its proof rests on will take
    /// effect at all.
    pub fn foreseen(&self, brief: &Brief) -> Vec<Forecast> {
        let (outlook, contract) = (Outlook { brief, place: self.place() }, self.expectation.contract());
        let mut foreseen = contract.forecast(&outlook);
        if contract.rests_on_faults() {
            foreseen.extend(outlook.injections().filter_map(|one| outlook.takes_effect(one)));
        }
        foreseen
    }

    /// Why it can't be judged, if an index in it points at nothing: the plan was edited, or cut off.
    pub fn problem(&self, brief: &Brief) -> Option<String> {
        let (phases, traffic) = (brief.phases.len(), brief.traffic.len());
        if self.phase >= phases {
            return Some(format!("a demand names phase {}, there are {phases}", self.phase));
        }
        let class = usize::from(self.traffic?);
        (class >= traffic).then(|| format!("a demand names traffic class {class}, there are {traffic}"))
    }
}

/// What a report says of the run itself; all of it stands in the manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunFacts {
    /// The run directory's name.
    pub run: String,
    /// Where the scenario was read from, as the user named it.
    pub scenario_path: String,
    /// The gateway's kind.
    pub gateway: String,
    /// What the gateway says its version is.
    pub gateway_version: Option<String>,
    /// True if sockets and time were simulated.
    pub simulated: bool,
    /// The seed of every draw.
    pub seed: u64,
    /// Wall-clock time at the epoch, RFC 3339.
    pub started: String,
    /// The version of brownout that recorded the run, so that judging again gives the same report.
    pub brownout: String,
    /// The settings that the command line changed in the scenario, as `path=value`.
    pub overrides: Vec<String>,
    /// What took part in the run beside the backends, which the brief names.
    pub inventory: Inventory,
}
