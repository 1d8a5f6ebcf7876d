//! The defect `doubles-timeout`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "doubles-timeout",
    docs: "The per-try and the total timeout fire after twice their length.",
    source: "rancher/rancher#35424: a request was held for several times the proxy's timeout.",
    caught: ("slow-upstream-timeout", "timeout"),
    also: &["latency"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_timers(|length| length.saturating_mul(2));
}
