//! The defect `truncated-as-complete`.

use super::Entry;
use crate::reference::settings::{CutBody, Settings};

pub(super) const DEFECT: Entry = Entry {
    name: "truncated-as-complete",
    docs: "A response body that the backend cut off is passed on as if it were whole.",
    source: "haproxy/haproxy#11: responses were truncated without a sign of it.",
    caught: ("reset-mid-body", "integrity"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.cut_body = CutBody::Whole;
}
