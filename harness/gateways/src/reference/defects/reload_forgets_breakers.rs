//! The defect `reload-forgets-breakers`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "reload-forgets-breakers",
    docs: "A reload closes all breakers: a backend that is down gets traffic again at once.",
    source: "Kong/kong#7835: any change of a target marked all targets that were unhealthy as healthy.",
    caught: ("maintenance/reload-in-an-outage", "breaker"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::ReloadForgetsBreakers);
}
