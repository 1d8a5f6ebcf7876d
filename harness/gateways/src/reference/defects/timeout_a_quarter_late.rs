//! The defect `timeout-a-quarter-late`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "timeout-a-quarter-late",
    docs: "The per-try timeout fires a quarter too late.",
    source: "A small change of the policy, as a slip of the pen makes it.",
    caught: ("timers", "timeout"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.per_try = settings.per_try.map(|length| length.saturating_mul(5) / 4);
}
