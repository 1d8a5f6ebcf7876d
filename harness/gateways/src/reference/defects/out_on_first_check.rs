//! The defect `out-on-first-check`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "out-on-first-check",
    docs: "The first failed health check takes a backend out, whatever number of them is configured.",
    source: "envoyproxy/envoy#7171: with a status outside the expected ones, `unhealthy_threshold` is ignored.",
    caught: ("failure/health-checks", "probes"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_health(|health| health.fall = 1);
}
