//! What is demanded, expectation by expectation.

use measure::brief::Brief;
use measure::view::Place;
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
