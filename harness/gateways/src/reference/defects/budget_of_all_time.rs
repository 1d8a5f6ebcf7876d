//! The defect `budget-of-all-time`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "budget-of-all-time",
    docs: "The budget is a share of all requests since the start, so that a long calm pays for a storm of retries.",
    source: "Google, Site Reliability Engineering, Handling Overload: a budget counts recent requests, over two minutes at the most.",
    caught: ("overload/retry-budget", "retry_budget"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_retry(|retry| {
        if let Some(budget) = &mut retry.budget {
            budget.of_all_time = true;
        }
    });
}
