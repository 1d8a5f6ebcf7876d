//! The defect `forwards-hop-by-hop`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "forwards-hop-by-hop",
    docs: "Headers that `connection` names are passed on, both ways.",
    source: "golang/go#16875, http-party/node-http-proxy#446: headers that belong to one connection \
        reached the backend.",
    caught: ("normal/headers", "headers"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::ForwardsHopByHop);
}
