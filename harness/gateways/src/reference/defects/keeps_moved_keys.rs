//! The defect `keeps-moved-keys`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "keeps-moved-keys",
    docs: "A key that had to go elsewhere stays there for good, although its backend is in use again.",
    source: "HAProxy's `stick on`: an entry that a redispatch has changed keeps its key at the other server.",
    caught: ("failure/affinity", "affinity"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::KeepsMovedKeys);
}
