//! The defect `probe-flood`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "probe-flood",
    docs: "A half-open breaker lets 50 requests through at once.",
    source: "getnora-io/nora#585, nodeshift/opossum#119: half-open let everything through.",
    caught: ("breaker-probes", "breaker"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.probes = 50);
}
