//! The defect `one-retry-too-many`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "one-retry-too-many",
    docs: "A request reaches the backends once more than the policy allows.",
    source: "envoyproxy/envoy#32580: more retries than configured.",
    caught: ("retry-503", "attempts"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_retry(|retry| retry.attempts += 1);
}
