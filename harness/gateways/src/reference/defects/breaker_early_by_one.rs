//! The defect `breaker-early-by-one`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "breaker-early-by-one",
    docs: "Breakers open one failure too early.",
    source: "apache/apisix#11453: concurrent requests opened the breaker after fewer failures than set.",
    caught: ("breaker-to-the-request", "breaker"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| {
        rules.trip.consecutive = rules.trip.consecutive.map(|most| most.saturating_sub(1).max(1));
        rules.trip.count = rules.trip.count.map(|most| most.saturating_sub(1).max(1));
    });
}
