//! The defect `changes-path-on-retry`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "changes-path-on-retry",
    docs: "A further attempt has the path without its first segment.",
    source: "spring-cloud/spring-cloud-gateway#571: the prefix of the path was there at the first \
        attempt, and not on retries.",
    caught: ("normal/headers", "headers"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::ChangesPathOnRetry);
}
