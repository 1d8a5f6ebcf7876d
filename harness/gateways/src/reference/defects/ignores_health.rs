//! The defect `ignores-health`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "ignores-health",
    docs: "Health checks are made, and backends that fail them get requests all the same.",
    source: "apache/apisix#12432: a node is logged as unhealthy, and requests still pass through it.",
    caught: ("failure/health-checks", "probes"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::IgnoresHealth);
}
