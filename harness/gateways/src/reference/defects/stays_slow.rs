//! The defect `stays-slow`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "stays-slow",
    docs: "Once an attempt has failed, every request waits 40 ms before it is sent, also when all backends are well again.",
    source: "Bronson et al., Metastable Failures in Distributed Systems (HotOS 2021): a queue that an outage has filled and that never drains.",
    caught: ("back-to-normal", "stable_after"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::StaysSlow);
}
