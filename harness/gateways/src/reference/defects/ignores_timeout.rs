//! The defect `ignores-timeout`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "ignores-timeout",
    docs: "The per-try and the total timeout never fire: a hanging backend holds its client for ever.",
    source: "istio/istio#13167: the per-try timeout was ignored where the route had no timeout.",
    caught: ("slow-upstream-timeout", "timeout"),
    also: &["latency", "status"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.per_try = None;
    settings.total = None;
}
