//! The defect `lets-go-late`.

use std::time::Duration;

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "lets-go-late",
    docs: "A backend that is to be left alone gets its traffic for a second more.",
    source: "envoyproxy/envoy#28304: ejected hosts got traffic until updates were merged, about a second later.",
    caught: ("failure/priority-groups", "failover"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.lag = Duration::from_secs(1));
}
