//! The defect `queue-half-used`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "queue-half-used",
    docs: "Whoever comes is turned away although half of those that may wait do not.",
    source: "tjanczuk/iisnode#108: with the default queue of 1 000, the second request that waits is answered 503.",
    caught: ("overload/queue", "limit"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_limit(|limit| limit.queue /= 2);
}
