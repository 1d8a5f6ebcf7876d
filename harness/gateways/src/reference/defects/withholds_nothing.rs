//! The defect `withholds-nothing`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "withholds-nothing",
    docs: "A backend that is not to get the client's credential gets it.",
    source: "stacklok/toolhive#4168, barnacs/compy#46: credentials went to hosts that they were not for.",
    caught: ("normal/credentials", "credentials"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::WithholdsNothing);
}
