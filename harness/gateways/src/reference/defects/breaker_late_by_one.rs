//! The defect `breaker-late-by-one`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "breaker-late-by-one",
    docs: "Breakers open one failure too late: `>` stands where `>=` is meant.",
    source: "A small change of the policy, as a slip of the pen makes it.",
    caught: ("breaker-to-the-request", "breaker"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| {
        rules.trip.consecutive = rules.trip.consecutive.map(|most| most.saturating_add(1));
        rules.trip.count = rules.trip.count.map(|most| most.saturating_add(1));
    });
}
