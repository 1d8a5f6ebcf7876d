//! The defect `hides-retries`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "hides-retries",
    docs: "Further attempts are not counted in its metrics.",
    source: "Measured on Traefik 3.7.15: 178 further attempts, and its documented counter of them is not told at all.",
    caught: ("failure/metrics", "agrees"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::HidesRetries);
}
