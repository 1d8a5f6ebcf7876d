//! The defect `finishes-downloads`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "finishes-downloads",
    docs: "The body of an answer is read from the backend to its end although the client went away in the middle of it.",
    source: "nginx's `proxy_ignore_client_abort on`; haproxy/haproxy#1453: the client was gone, and the backend's connection stayed.",
    caught: ("overload/work-for-nobody", "orphans"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::FinishesDownloads);
}
