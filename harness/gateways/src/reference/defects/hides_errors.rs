//! The defect `hides-errors`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "hides-errors",
    docs: "Its metrics count answers of 500 or more as if they were answers of 200.",
    source: "traefik/traefik#13054: behind an error page, 5xx were counted as 200; cloudfoundry/gorouter#158: its own 502 were counted nowhere.",
    caught: ("failure/metrics", "agrees"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::HidesErrors);
}
