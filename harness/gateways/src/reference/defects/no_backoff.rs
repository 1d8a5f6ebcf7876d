//! The defect `no-backoff`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "no-backoff",
    docs: "Further attempts follow at once, without the backoff.",
    source: "haproxy/haproxy#1878: whether the wait between tries is kept depends on where the next one goes.",
    caught: ("backoff-with-jitter", "backoff"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_retry(|retry| retry.backoff = None);
}
