//! The defect `shed-as-500`.

use http::StatusCode;

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "shed-as-500",
    docs: "A request that goes to no backend is answered 500 instead of 503.",
    source: "Zentinel 0.6.45, measured: 500 for shed requests.",
    caught: ("shed", "shed"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.shed.status = StatusCode::INTERNAL_SERVER_ERROR;
}
