//! The defect `breaker-ignores-min`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "breaker-ignores-min",
    docs: "Breakers by share open at the first failure: the fewest requests that a share takes are ignored.",
    source: "The trap that Envoy's `failure_percentage_request_volume` is there for.",
    caught: ("breaker-by-share", "balance"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.trip.min = rules.trip.min.and(Some(1)));
}
