//! The defect `open-half-as-long-again`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "open-half-as-long-again",
    docs: "Breakers stay open half as long again as declared.",
    source: "nginx's `fail_timeout`, which counts whole seconds: 2 s were measured as 2.9 s.",
    caught: ("breaker-to-the-request", "breaker"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.open_for = rules.open_for.saturating_mul(3) / 2);
}
