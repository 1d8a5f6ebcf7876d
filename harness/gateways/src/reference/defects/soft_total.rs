//! The defect `soft-total`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "soft-total",
    docs: "The total timeout is looked at between attempts only: a further attempt that is under way is not ended \
        by it.",
    source: "nginx's `proxy_next_upstream_timeout`, which passes the time to start another try on, and no more.",
    caught: ("timers", "timeout"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::SoftTotal);
}
