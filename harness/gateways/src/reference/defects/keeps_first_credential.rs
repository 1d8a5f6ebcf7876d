//! The defect `keeps-first-credential`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "keeps-first-credential",
    docs: "A further attempt has the credential of the backend that was asked first.",
    source: "zeroclaw-labs/zeroclaw#911: every fallback was sent the key of the primary provider.",
    caught: ("azure/request-rules", "policy"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::KeepsFirstCredential);
}
