//! The defect `one-retry-too-few`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "one-retry-too-few",
    docs: "A request reaches the backends once less than the policy says.",
    source: "envoyproxy/envoy#15168: retries that were configured did not happen.",
    caught: ("retry-503", "attempts"),
    also: &["availability"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_retry(|retry| retry.attempts = retry.attempts.saturating_sub(1).max(1));
}
