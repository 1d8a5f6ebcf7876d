//! The defect `wedged-half-open`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "wedged-half-open",
    docs: "A half-open breaker does not hear how its probe ended, and stays half-open for ever.",
    source: "diegosouzapw/OmniRoute#13836: half-open was wedged by a probe that was neither a success nor a failure.",
    caught: ("breaker-trips-and-recovers", "breaker"),
    also: &["recovery"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.hears_probes = false);
}
