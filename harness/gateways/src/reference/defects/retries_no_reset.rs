//! The defect `retries-no-reset`.

use policy::RetryOn;

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "retries-no-reset",
    docs: "A request whose connection was reset is not tried again, though the policy names `reset`.",
    source: "haproxy/haproxy#2061: a reset after the connection was made was not a reason to retry.",
    caught: ("retry-conditions", "attempts"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_retry(|retry| retry.on.retain(|on| *on != RetryOn::Reset));
}
