//! The defect `layered-retries`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "layered-retries",
    docs: "Two layers try again, each as often as the policy says: their attempts multiply.",
    source: "sourcegraph/sourcegraph-public-snapshot#55591: two layers of retries made the number of requests explode once \
        the provider answered 429.",
    caught: ("overload/retry-storm", "amplification"),
    also: &["attempts", "cost"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_retry(|retry| retry.attempts *= retry.attempts);
}
