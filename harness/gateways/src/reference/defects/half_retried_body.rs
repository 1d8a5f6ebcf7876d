//! The defect `half-retried-body`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "half-retried-body",
    docs: "A further attempt carries what of the body was still in the buffer: its second half.",
    source: "spring-cloud/spring-cloud-gateway#1957: the body that the first attempt had read was lost to the fallback.",
    caught: ("payments/repeated-with-its-body", "replay_body"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::HalfRetriedBody);
}
