//! The defect `breaker-works-once`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "breaker-works-once",
    docs: "A breaker opens in the first outage only, and never again.",
    source: "envoyproxy/envoy#1491: a counter was not reset, so that a host was ejected only once.",
    caught: ("breaker-trips-and-recovers", "breaker"),
    also: &["availability"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.openings_max = 1);
}
