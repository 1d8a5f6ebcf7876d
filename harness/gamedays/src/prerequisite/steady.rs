//! The prerequisite `steady`.

use reports::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Checked, Prerequisite, Scene};
use crate::environment::{RunEnd, RunOrder, STEP};

/// A scenario passes right before the day begins: the steady state is within its bounds.
///
/// # What it checks
/// It runs the scenario against the gateway of the first run, and judges it like any other run. Its evidence is kept with the day.
///
/// # When it is not met
/// The scenario does not pass: a steady state that can't be proven is none.
///
/// # Example
/// `steady = { scenario = "steady.toml" }`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Steady {
    /// The scenario: a path beside the game day's file, or a name of the library.
    pub scenario: String,
}

impl Prerequisite for Steady {
    fn scenario(&self) -> Option<&str> {
        Some(&self.scenario)
    }

    fn words(&self) -> String {
        format!("the scenario `{}` passes", self.scenario)
    }

    fn check(&self, scene: &Scene<'_>) -> Checked {
        passes(scene, &self.scenario)
    }
}

/// Whether a scenario that the day names passes now.
pub(crate) fn passes(scene: &Scene<'_>, scenario: &str) -> Checked {
    let Some(run) = scene.day.further.get(scenario) else {
        return Checked::no(format!("the scenario `{scenario}` was not loaded"));
    };
    let order = RunOrder { run, out: scene.out, allowed: scene.allowed.clone() };
    let mut underway = match scene.environment.begin(&order) {
        Ok(underway) => underway,
        Err(why) => return Checked::no(why),
    };
    let RunEnd { verdict, why, dir } = loop {
        if let Some(end) = underway.ended() {
            break end;
        }
        if scene.stop.is_cancelled() {
            underway.interrupt();
        }
        scene.environment.pause(STEP);
    };
    let verdict_words = verdict.map_or("no verdict".to_owned(), |verdict| verdict.to_string());
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    let met = verdict == Some(Verdict::Pass);
    let report = dir.filter(|_| !met).map(|dir| format!("; `brownout report {}` says why", dir.display()));
    Checked { met, found: format!("{verdict_words}{why}{}", report.unwrap_or_default()) }
}
