//! The defect `retries-successes`.

use policy::RetryOn;

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "retries-successes",
    docs: "The condition of retries matches every answer, so that a success is called for once more.",
    source: "Azure-Samples/AI-Gateway#262: a retry condition that matched on a reason phrase meant something else once the phrase \
        had changed.",
    caught: ("ai/cost-of-retries", "cost"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_retry(|retry| retry.on.push(RetryOn::Status(200)));
}
