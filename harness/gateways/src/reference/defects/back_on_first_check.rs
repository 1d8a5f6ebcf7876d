//! The defect `back-on-first-check`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "back-on-first-check",
    docs: "The first good health check brings a backend back, whatever number of them is configured.",
    source: "caddyserver/caddy#6152: one check in a row decides, so that a dying server is marked healthy again and again.",
    caught: ("failure/health-checks", "probes"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_health(|health| health.rise = 1);
}
