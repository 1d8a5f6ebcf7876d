//! The defect `drain-never-ends`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "drain-never-ends",
    docs: "Clients that were connected before a reload are served as before it, for as long as they stay.",
    source: "docker-archive/dockercloud-haproxy#172: the process from before a reload went on to send requests to backends that were gone.",
    caught: ("maintenance/backend-moves", "drain"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::DrainNeverEnds);
}
