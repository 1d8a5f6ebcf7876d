//! The defect `waits-without-bound`.

use std::time::Duration;

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "waits-without-bound",
    docs: "The longest wait is not kept: as long as the backend asks for, so long a request waits.",
    source: "hashicorp/go-retryablehttp#283: a `Retry-After` of an hour was slept through, whatever the longest wait was set to.",
    caught: ("ai/quota-for-longer", "retry_after"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_asked(|asked| asked.max = Duration::MAX);
}
