//! The prerequisite `doctor`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::gateway_version::version_of;
use super::{Checked, Prerequisite, Scene};

/// The machine has what the runs need.
///
/// # What it checks
/// For each gateway that the runs start: its program is there and tells its version. `brownout doctor` looks at more.
///
/// # When it is not met
/// A program is missing, or can't be asked.
///
/// # Example
/// `doctor = {}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Doctor {}

impl Prerequisite for Doctor {
    fn words(&self) -> String {
        "the programs of all gateways are there".to_owned()
    }

    fn check(&self, scene: &Scene<'_>) -> Checked {
        let mut kinds: Vec<&str> = scene.day.runs().map(|run| run.loaded.plan.gateway.name()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let mut found = Vec::new();
        for kind in kinds {
            match version_of(kind, scene.environment) {
                Ok(Some(version)) => found.push(format!("{kind} {version}")),
                Ok(None) => found.push(format!("{kind} needs none")),
                Err(why) => return Checked::no(format!("{kind}: {why}")),
            }
        }
        Checked::yes(found.join(", "))
    }
}
