//! The defect `checks-twice-as-often`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "checks-twice-as-often",
    docs: "Health checks come twice as often as configured.",
    source: "OctopusDeploy/Issues#6814: each instance makes the checks of all of them.",
    caught: ("failure/health-checks", "probes"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_health(|health| health.every /= 2);
}
