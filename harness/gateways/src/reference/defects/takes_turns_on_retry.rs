//! The defect `takes-turns-on-retry`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "takes-turns-on-retry",
    docs: "A further attempt goes wherever it is the turn, and not to the backend that the key has while its own is out.",
    source: "kubernetes/ingress-nginx#4048: after an error, the key of a sticky session was drawn anew.",
    caught: ("failure/affinity-of-retries", "affinity"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::TakesTurnsOnRetry);
}
