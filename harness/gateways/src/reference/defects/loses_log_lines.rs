//! The defect `loses-log-lines`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "loses-log-lines",
    docs: "Its access log has no line of a request that ends with an error.",
    source: "Envoy's documentation, \"Access logging\", `logs_dropped`: entries are lost where their buffer is full, as it is in an outage.",
    caught: ("failure/access-log", "access_log"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::LosesLogLines);
}
