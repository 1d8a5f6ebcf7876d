//! The defect `total-for-each-try`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "total-for-each-try",
    docs: "The total timeout starts anew with each attempt.",
    source: "nginx's `proxy_read_timeout` and Caddy's timeouts hold for one try; all tries together have no bound of \
        that length.",
    caught: ("timers", "timeout"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::TotalForEachTry);
}
