//! The defect `half-back`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "half-back",
    docs: "A backend that came back gets half of its traffic, for ever.",
    source: "Azure-Samples/AI-Gateway#163: a pool went on to favour some of its members.",
    caught: ("breaker-to-the-request", "balance"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.back_share = 0.5);
}
