//! The defect `forgets-rules-on-retry`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "forgets-rules-on-retry",
    docs: "Rules for headers of requests are not applied to further attempts.",
    source: "envoyproxy/ai-gateway#1460: headers that were to be removed were set again on a retry.",
    caught: ("azure/request-rules", "policy"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::ForgetsRulesOnRetry);
}
