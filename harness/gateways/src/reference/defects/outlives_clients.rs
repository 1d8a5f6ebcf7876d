//! The defect `outlives-clients`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "outlives-clients",
    docs: "A request whose client went away goes on until its timer fires, and counts against the backend.",
    source: "rancher/rancher#35424, haproxy/haproxy#1762: attempts went on after the client had left.",
    caught: ("clients-that-leave", "balance"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::OutlivesClients);
}
