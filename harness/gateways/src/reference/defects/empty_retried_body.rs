//! The defect `empty-retried-body`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "empty-retried-body",
    docs: "A further attempt carries no body: it was consumed by the first.",
    source: "spring-cloud/spring-cloud-gateway#1160, caddyserver/caddy#7546: retried POST and PUT requests arrived \
        without their bodies.",
    caught: ("retry-keeps-body", "integrity"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::EmptyRetriedBody);
}
