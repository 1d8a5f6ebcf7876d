//! The defect `starves-writes`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "starves-writes",
    docs: "A request with a body is let through only while half of the turns are free, so that others take them all.",
    source: "kubernetes/enhancements#861: within one limit on requests under way, one part of the load crowds the other one out.",
    caught: ("overload/limit", "limit"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::StarvesWrites);
}
