//! The defect `open-time-grows`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "open-time-grows",
    docs: "The open time grows with each opening, though it is declared to be fixed.",
    source: "Envoy's `base_ejection_time`, which is multiplied by the number of ejections.",
    caught: ("breaker-to-the-request", "breaker"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.open_grows = true);
}
