//! The defect `ejects-the-innocent`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "ejects-the-innocent",
    docs: "A breaker that opens takes that of the next backend with it.",
    source: "envoyproxy/envoy#25487: hosts were ejected that had not failed.",
    caught: ("failure/neighbours", "isolation"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.takes_the_next = true);
}
