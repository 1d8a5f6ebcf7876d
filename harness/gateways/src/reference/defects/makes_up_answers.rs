//! The defect `makes-up-answers`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "makes-up-answers",
    docs: "A request that failed is answered 200 by the gateway itself.",
    source: "spring-cloud/spring-cloud-gateway#1957: a fallback's answer was mixed with the failed one.",
    caught: ("retry-503", "status"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::MakesUpAnswers);
}
