//! The defect `breaker-never-forgets`.

use std::time::Duration;

use units::Timespan;

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "breaker-never-forgets",
    docs: "The window of a breaker never ends: failures add up over hours.",
    source: "apache/apisix#7387: failures counted towards the breaker, however many successes lay between.",
    caught: ("breaker-forgets", "balance"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.trip.within = rules.trip.within.and(Some(Timespan(Duration::MAX))));
}
