//! The defect `breaker-at-a-fifth`.

use units::Share;

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "breaker-at-a-fifth",
    docs: "Breakers by share open at a fifth of failures, whatever share is declared.",
    source: "A small change of the policy, as a slip of the pen makes it.",
    caught: ("breaker-by-share", "balance"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.trip.share = rules.trip.share.and(Share::new(0.2)));
}
