//! The defect `freezes-metrics`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "freezes-metrics",
    docs: "While attempts fail, its metrics stay as they were, and catch up afterwards.",
    source: "linkerd/linkerd2#1259: a proxy whose requests failed told no more failures until it was started again.",
    caught: ("failure/metrics", "agrees"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::FreezesMetrics);
}
