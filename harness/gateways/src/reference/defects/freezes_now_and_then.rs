//! The defect `freezes-now-and-then`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "freezes-now-and-then",
    docs: "Once a second nothing moves for 300 ms, for any client.",
    source: "Azure-Samples/AI-Gateway#163: traffic came in bursts, with pauses between them.",
    caught: ("failure/keeps-moving", "freeze"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::FreezesNowAndThen);
}
