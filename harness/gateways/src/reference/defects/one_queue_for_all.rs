//! The defect `one-queue-for-all`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "one-queue-for-all",
    docs: "At most 16 requests are under way at a time, and the others wait, whatever service they are for.",
    source: "http-party/node-http-proxy#1618: after one upstream had hung, no further request was served.",
    caught: ("failure/neighbours", "isolation"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.under_way_max = 16;
}
