//! The defect `names-backends`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "names-backends",
    docs: "Errors name the address of the backend that failed.",
    source: "goauthentik/authentik#3314, gravitee-io/issues#651: error pages told the address of the \
        backend.",
    caught: ("normal/credentials", "credentials"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::NamesBackends);
}
