//! The defect `breaker-never-trips`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "breaker-never-trips",
    docs: "Breakers stay closed, whatever fails.",
    source: "Kong/kong#3645: passive health checks did nothing where retries were off.",
    caught: ("breaker-trips-and-recovers", "breaker"),
    also: &["availability"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.breaker = None;
}
