//! The defect `breaker-trips-late`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "breaker-trips-late",
    docs: "Breakers open only after three times as many failures.",
    source: "envoyproxy/envoy#40697: later ejections took far more errors than configured.",
    caught: ("breaker-trips-and-recovers", "breaker"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| {
        let trip = &mut rules.trip;
        trip.consecutive = trip.consecutive.map(|most| most.saturating_mul(3));
        trip.count = trip.count.map(|most| most.saturating_mul(3));
        // A share can't be tripled, but the number of requests that it takes can.
        trip.min = Some(trip.min.unwrap_or(1).saturating_mul(3));
    });
}
