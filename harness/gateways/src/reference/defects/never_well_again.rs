//! The defect `never-well-again`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "never-well-again",
    docs: "What health checks have taken out never comes back.",
    source: "yaoweibin/nginx_upstream_check_module#232: the count of good checks does not grow, so that a server never comes back.",
    caught: ("failure/health-checks", "probes"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_health(|health| health.rise = u32::MAX);
}
