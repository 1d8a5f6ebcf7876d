//! The defect `strips-tags`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "strips-tags",
    docs: "A header that the traffic carries is not passed on to the backends.",
    source: "nginx's `underscores_in_headers` and Caddy, which drop headers by their names.",
    caught: ("steady-state", "integrity"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::StripsTags);
}
