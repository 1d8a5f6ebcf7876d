//! The defect `breaker-never-recovers`.

use std::time::Duration;

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "breaker-never-recovers",
    docs: "A breaker that has opened stays open for ever: no probe, no recovery.",
    source: "Kong/kong#7566: targets stayed unhealthy after they had recovered, until a restart.",
    caught: ("breaker-trips-and-recovers", "breaker"),
    also: &["recovery"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| {
        rules.open_for = Duration::MAX;
        rules.retry_after = false;
    });
}
