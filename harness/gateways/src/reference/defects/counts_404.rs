//! The defect `counts-404`.

use policy::{FailureClass, RetryOn};

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "counts-404",
    docs: "Status 404 counts as a failure: a client with a wrong link takes a healthy backend out.",
    source: "github/gh-aw-mcpg#10686: a breaker had no right word for answers of the 400s.",
    caught: ("breaker-stays-closed", "balance"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.fails.push(FailureClass::One(RetryOn::Status(404))));
}
