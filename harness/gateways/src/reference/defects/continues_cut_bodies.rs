//! The defect `continues-cut-bodies`.

use super::Entry;
use crate::reference::settings::{CutBody, Settings};

pub(super) const DEFECT: Entry = Entry {
    name: "continues-cut-bodies",
    docs: "A response body that the backend cut off is ended with words of the gateway's own.",
    source: "Zentinel 0.6.45, measured: 500 bytes of the backend, then 52 of the proxy.",
    caught: ("reset-mid-body", "integrity"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.cut_body = CutBody::Continued;
}
