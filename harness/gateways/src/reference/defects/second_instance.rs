//! The defect `second-instance`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "second-instance",
    docs: "Two instances of the gateway count failures each for itself, though one is declared.",
    source: "nginx without `zone` for each of its workers; Azure API Management, whose instances do not synchronize.",
    caught: ("breaker-to-the-request", "breaker"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.workers = 2);
}
