//! The defect `reload-drops-connections`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "reload-drops-connections",
    docs: "When it is reloaded, the connections of all clients are closed, with what is under way on them.",
    source: "nginx/nginx#437: a reload reset requests on connections that were kept alive.",
    caught: ("maintenance/backend-moves", "drain"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::ReloadDropsConnections);
}
