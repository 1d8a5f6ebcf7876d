//! The defect `retries-in-waves`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "retries-in-waves",
    docs: "Further attempts wait in a queue that is emptied twice a second, so that all of them come at once.",
    source: "AWS Architecture Blog, Exponential Backoff And Jitter (2015): calls that back off alike come back in clusters.",
    caught: ("overload/retry-storm", "amplification"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::RetriesInWaves);
}
