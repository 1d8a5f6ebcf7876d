//! The defect `spills-early`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "spills-early",
    docs: "A later priority group shares the traffic as soon as one backend of the group before it is out.",
    source: "Envoy's documentation of priority levels: a group that is less than 72 % healthy spills over to the next one.",
    caught: ("failure/priority-groups", "failover"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::SpillsEarly);
}
