//! The defect `hides-ejections`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "hides-ejections",
    docs: "Backends that it leaves alone are in use by its metrics.",
    source: "Caddy 2.11 looks only every 10 s whether its upstreams are healthy: an ejection of less is never told.",
    caught: ("failure/backend-state", "agrees"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::HidesEjections);
}
