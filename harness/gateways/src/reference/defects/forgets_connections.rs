//! The defect `forgets-connections`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "forgets-connections",
    docs: "A connection to a backend stays open after its answer and is never used again.",
    source: "haproxy/haproxy#136, haproxy/haproxy#1453: backend connections stayed although nobody used them.",
    caught: ("normal/reuse", "connections"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::ForgetsConnections);
}
