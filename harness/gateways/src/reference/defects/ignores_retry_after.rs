//! The defect `ignores-retry-after`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "ignores-retry-after",
    docs: "A `Retry-After` is not read: further attempts come after the backoff, however long the backend asked to be left alone.",
    source: "sourcegraph/sourcegraph-public-snapshot#55591: a gateway and its client tried again at once after each 429, layer upon layer.",
    caught: ("ai/quota-with-retry-after", "retry_after"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_retry(|retry| retry.asked = None);
}
