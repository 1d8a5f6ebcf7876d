//! What the judge is told of a run, beside its evidence: the plan in the judge's own words.

use std::borrow::Cow;

use evidence::Method;
use reports::Inventory;
use serde::{Deserialize, Serialize};
use units::{Stretch, Timespan};

use crate::ExpectationSettings;

/// The run as planned, as far as expectations need to know it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Brief {
    /// The words at the top of the report.
    pub about: About,
    /// The phases, in order and without gaps.
    pub phases: Vec<PhaseBrief>,
    /// The traffic classes, by the index that evidence names them with.
    pub traffic: Vec<TrafficBrief>,
    /// The backends, by the index that evidence names them with.
    pub backends: Vec<BackendBrief>,
    /// The injections, by the index that evidence names them with.
    pub injections: Vec<InjectionBrief>,
    /// What is demanded.
    pub demands: Vec<Demand>,
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

/// How many injections an attempt can note, one bit each.
const INJECTIONS_MAX: usize = u64::BITS as usize;

impl Brief {
    /// Why the brief can't be judged by, if an index in it points at nothing: it was edited, or cut off.
    pub fn problem(&self) -> Option<String> {
        if self.injections.len() > INJECTIONS_MAX {
            return Some(format!(
                "it has {} injections, the limit is {INJECTIONS_MAX}",
                self.injections.len()
            ));
        }
        let phases = self.phases.len();
        let traffic = self.traffic.len();
        let demanded = self.demands.iter().find_map(|demand| {
            if demand.phase >= phases {
                return Some(format!("a demand names phase {}, there are {phases}", demand.phase));
            }
            let class = usize::from(demand.traffic?);
            (class >= traffic).then(|| format!("a demand names traffic class {class}, there are {traffic}"))
        });
        demanded.or_else(|| {
            let stray = self.injections.iter().find(|injection| injection.phase >= phases)?;
            Some(format!("the fault `{}` names phase {}, there are {phases}", stray.fault, stray.phase))
        })
    }

    /// The name of a backend; a number in words for an index that the brief does not know.
    pub fn backend_name(&self, index: u16) -> Cow<'_, str> {
        let known = self.backends.get(usize::from(index));
        known.map_or_else(|| format!("backend {index}").into(), |backend| backend.name.as_str().into())
    }

    /// The name of a traffic class; a number in words for an index that the brief does not know.
    pub fn traffic_name(&self, index: u16) -> Cow<'_, str> {
        let known = self.traffic.get(usize::from(index));
        known.map_or_else(|| format!("class {index}").into(), |class| class.name.as_str().into())
    }
}

/// The words at the top of a report.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct About {
    /// The scenario's name.
    pub name: String,
    /// What it is for.
    pub why: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// What to do when it fails.
    pub rollback: Option<String>,
}

/// A phase.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PhaseBrief {
    /// Its name.
    pub name: String,
    /// When it is.
    pub during: Stretch,
}

/// A traffic class.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrafficBrief {
    /// Its name.
    pub name: String,
    /// Its method.
    pub method: Method,
    /// Method and path, for people.
    pub request: String,
    /// False for closed-loop traffic, which hides queueing.
    pub open_loop: bool,
}

/// A backend.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BackendBrief {
    /// Its name.
    pub name: String,
    /// Its share of the traffic, relative to the others of its priority.
    pub weight: u32,
    /// Its group; 0 is used first.
    pub priority: u32,
}

/// A planned fault.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InjectionBrief {
    /// The phase that it belongs to, by its index.
    pub phase: usize,
    /// The fault's kind: `status`.
    pub fault: String,
    /// Its settings as the scenario words them: `{ code = 503, share = 0.5 }`.
    pub settings: String,
    /// The backends, by their index.
    pub backends: Vec<u16>,
    /// When it is in force.
    pub during: Stretch,
    /// True if attempts can't be counted while it is in force.
    pub hides_attempts: bool,
    /// True if it acts by closing the listener.
    pub closes_listener: bool,
}

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
    /// The line of the scenario file that demands it, from 1.
    pub line: Option<u32>,
}
