//! The defect `limit-early-by-one`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "limit-early-by-one",
    docs: "Requests are turned away while one attempt fewer is under way than the limit allows.",
    source: "envoyproxy/envoy#36771: requests are turned away by a circuit breaker below its limits.",
    caught: ("overload/limit", "limit"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_limit(|limit| limit.in_flight = limit.in_flight.saturating_sub(1));
}
