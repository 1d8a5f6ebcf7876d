//! The defect `deals-keys-anew`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "deals-keys-anew",
    docs: "When a backend is left alone, keys of the others move as well: they are dealt by their number among those in use.",
    source: "HAProxy's `hash-type map-based` and nginx's `hash` without `consistent`: most keys move when a server goes, as their manuals say.",
    caught: ("failure/affinity", "affinity"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::DealsKeysAnew);
}
