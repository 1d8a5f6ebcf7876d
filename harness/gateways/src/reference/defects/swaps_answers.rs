//! The defect `swaps-answers`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "swaps-answers",
    docs: "Now and then a client gets the answer to another request.",
    source: "cloudflare/pingora#935: a pooled connection got out of step, and answers went to other requests.",
    caught: ("steady-state", "integrity"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::SwapsAnswers);
}
