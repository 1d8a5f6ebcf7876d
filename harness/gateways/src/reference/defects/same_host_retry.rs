//! The defect `same-host-retry`.

use super::Entry;
use crate::reference::settings::{Next, Settings};

pub(super) const DEFECT: Entry = Entry {
    name: "same-host-retry",
    docs: "A further attempt goes to the backend that just failed, though there are others.",
    source: "kubernetes/ingress-nginx#4944: retries went to the same address again and again.",
    caught: ("retry-503", "attempts"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_retry(|retry| retry.next = Next::Same);
}
