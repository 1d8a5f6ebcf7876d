//! The defect `forgets-keys`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "forgets-keys",
    docs: "One request in twenty goes wherever it is the turn, although it has the key of others.",
    source: "kubernetes/kubernetes#13865: with session affinity, one of about ten requests reached another backend.",
    caught: ("failure/affinity", "affinity"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::ForgetsKeys);
}
