//! The defect `drops-retry-after`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "drops-retry-after",
    docs: "`Retry-After` is not passed on to the client.",
    source: "BerriAI/litellm#21553, api7/aisix#144: the 429 reached the client without the field that says when to come back.",
    caught: ("ai/quota-beyond-the-timeout", "retry_after"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::DropsRetryAfter);
}
