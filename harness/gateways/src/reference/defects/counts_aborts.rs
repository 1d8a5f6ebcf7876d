//! The defect `counts-aborts`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "counts-aborts",
    docs: "A client that goes away counts as a failure of the backend: impatient clients take a healthy backend \
        out.",
    source: "dotnet/yarp#2062: client aborts counted as backend failures.",
    caught: ("clients-that-leave", "balance"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.aborts_fail = true);
}
