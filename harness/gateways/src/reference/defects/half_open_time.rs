//! The defect `half-open-time`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "half-open-time",
    docs: "Breakers stay open for half of their time.",
    source: "A small change of the policy, as a slip of the pen makes it.",
    caught: ("breaker-to-the-request", "breaker"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.open_for /= 2);
}
