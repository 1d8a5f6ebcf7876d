//! The defect `limit-late-by-one`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "limit-late-by-one",
    docs: "One attempt more is under way at a backend than the limit allows.",
    source: "Envoy documentation, Circuit breaking: limits are checked and counted apart, so that races let them be exceeded.",
    caught: ("overload/limit", "limit"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_limit(|limit| limit.in_flight += 1);
}
