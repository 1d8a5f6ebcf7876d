//! The defect `budget-of-nothing`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "budget-of-nothing",
    docs: "No failure is tried again once a budget is configured.",
    source: "envoyproxy/envoy#30205: what waits for its further attempt is counted in a way that leaves the budget spent.",
    caught: ("overload/retry-budget", "retry_budget"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_retry(|retry| {
        if let Some(budget) = &mut retry.budget {
            (budget.share, budget.min) = (0.0, 0);
        }
    });
}
