//! The defect `logs-one-attempt`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "logs-one-attempt",
    docs: "Its access log tells of one attempt of a request, whatever came after it.",
    source: "envoyproxy/envoy#16527, #14373: until 1.21, a request that was tried again looked in the access log like one that \
             was not.",
    caught: ("failure/access-log", "access_log"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::LogsOneAttempt);
}
