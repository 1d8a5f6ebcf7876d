//! The defect `keeps-the-spare`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "keeps-the-spare",
    docs: "Once the spare was needed, it keeps the traffic when the primaries are back.",
    source: "Kong/kong#7566: a target that had recovered was not used again.",
    caught: ("failover", "balance"),
    also: &["recovery"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::KeepsTheSpare);
}
