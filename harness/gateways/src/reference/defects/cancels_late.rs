//! The defect `cancels-late`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "cancels-late",
    docs: "A backend is let go only 150 ms after the client went away.",
    source: "haproxy/haproxy#1762, haproxy/haproxy#136: the client was gone, and the backend's connection stayed.",
    caught: ("overload/impatient-clients", "cancel"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::CancelsLate);
}
