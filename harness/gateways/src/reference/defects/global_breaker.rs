//! The defect `global-breaker`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "global-breaker",
    docs: "One breaker stands for all backends, so that one bad backend takes the healthy ones out with it.",
    source: "traefik/traefik#181: the breaker was the router's, and one bad member opened it for all.",
    caught: ("breaker-trips-and-recovers", "breaker"),
    also: &["availability"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.whole_pool = true);
}
