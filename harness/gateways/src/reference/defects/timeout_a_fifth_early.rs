//! The defect `timeout-a-fifth-early`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "timeout-a-fifth-early",
    docs: "The per-try timeout fires after four fifths of its length, so that answers which were in time are lost.",
    source: "A small change of the policy, as a slip of the pen makes it.",
    caught: ("timers", "timeout"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.per_try = settings.per_try.map(|length| length / 5 * 4);
}
