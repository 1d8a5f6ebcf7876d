//! The defect `fixed-backoff`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "fixed-backoff",
    docs: "Each wait is as long as the first: the backoff does not grow.",
    source: "The retry policy of Azure API Management, which is fixed unless `delta` is given as well.",
    caught: ("backoff-grows", "backoff"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_backoff(|backoff| backoff.factor = 1.0);
}
