//! The defect `closes-connections`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "closes-connections",
    docs: "The connection to a backend is closed after each answer, so that each attempt takes a new one.",
    source: "cloudflare/pingora#866: keep-alive was lost on each retry.",
    caught: ("normal/reuse", "connections"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::ClosesConnections);
}
