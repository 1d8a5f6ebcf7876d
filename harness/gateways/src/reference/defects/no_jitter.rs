//! The defect `no-jitter`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "no-jitter",
    docs: "Each wait has its full length: clients that failed together come back together.",
    source: "A small change of the policy, as a slip of the pen makes it.",
    caught: ("backoff-with-jitter", "backoff"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_backoff(|backoff| backoff.jitter = false);
}
