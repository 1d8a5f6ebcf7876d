//! The defect `budget-ignored`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "budget-ignored",
    docs: "Whatever fails is tried again, however many further attempts are under way.",
    source: "envoyproxy/envoy#8727: without a budget, a circuit breaker for retries is either too tight or does not bound them.",
    caught: ("overload/retry-budget", "retry_budget"),
    also: &["amplification"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_retry(|retry| retry.budget = None);
}
