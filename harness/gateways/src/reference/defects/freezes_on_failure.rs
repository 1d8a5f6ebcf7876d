//! The defect `freezes-on-failure`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "freezes-on-failure",
    docs: "When an attempt fails, nothing moves for 300 ms, for any client.",
    source: "http-party/node-http-proxy#1618: one hung backend, and no further request was answered.",
    caught: ("failure/keeps-moving", "freeze"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::FreezesOnFailure);
}
