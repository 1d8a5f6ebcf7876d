//! The defect `shed-as-200`.

use http::StatusCode;

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "shed-as-200",
    docs: "A request that goes to no backend is answered 200.",
    source: "The `break_response_code` of apache/apisix, which may be any status.",
    caught: ("shed", "shed"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.shed.status = StatusCode::OK;
}
