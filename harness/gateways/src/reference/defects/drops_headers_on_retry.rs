//! The defect `drops-headers-on-retry`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "drops-headers-on-retry",
    docs: "A further attempt lacks the client's own headers.",
    source: "Windscribe/goproxy#11: headers were taken out at the first attempt and missing from the next.",
    caught: ("normal/headers", "headers"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::DropsHeadersOnRetry);
}
