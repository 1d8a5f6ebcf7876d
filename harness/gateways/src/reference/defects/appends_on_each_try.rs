//! The defect `appends-on-each-try`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "appends-on-each-try",
    docs: "With each further attempt, what is appended to a header stands there once more.",
    source: "dotnet-architecture/eShopOnContainers#708: each retry added the same header once more.",
    caught: ("azure/request-rules", "policy"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::AppendsOnEachTry);
}
