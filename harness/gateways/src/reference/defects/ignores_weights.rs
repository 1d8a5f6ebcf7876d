//! The defect `ignores-weights`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "ignores-weights",
    docs: "Backends of different weights get the same number of requests.",
    source: "A small change of the policy, as a slip of the pen makes it.",
    caught: ("steady-state", "balance"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::IgnoresWeights);
}
