//! The defect `starved-retried-body`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "starved-retried-body",
    docs: "A further attempt declares the length of its body, and the body does not come.",
    source: "microsoft/service-fabric-issues#381: a retry after 503 sent its headers with Content-Length and no body, and \
        blocked the backend until a timeout.",
    caught: ("payments/repeated-with-its-body", "replay_body"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::StarvedRetriedBody);
}
