//! The defect `undeclared-total`.

use std::time::Duration;

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "undeclared-total",
    docs: "A total timeout of 400 ms that nobody declared cuts further attempts short.",
    source: "Envoy's route timeout of 15 s, which holds where none is written \
        (`config.route.v3.RouteAction.timeout`).",
    caught: ("timers", "timeout"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    let undeclared = Duration::from_millis(400);
    settings.total = Some(settings.total.map_or(undeclared, |total| total.min(undeclared)));
}
