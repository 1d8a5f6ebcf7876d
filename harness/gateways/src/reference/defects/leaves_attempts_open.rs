//! The defect `leaves-attempts-open`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "leaves-attempts-open",
    docs: "An attempt whose timer fired, or whose client went away, goes on at its backend until that answers.",
    source: "haproxy/haproxy#2754: the backend's connection was not closed when the timeout struck.",
    caught: ("overload/work-for-nobody", "orphans"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::LeavesAttemptsOpen);
}
