//! The defect `alters-bodies`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "alters-bodies",
    docs: "Request bodies are altered on their way to the backend.",
    source: "traefik/traefik#1008: a retry destroyed the data of a POST.",
    caught: ("retry-keeps-body", "integrity"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::AltersBodies);
}
