//! The defect `mixes-credentials`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "mixes-credentials",
    docs: "Now and then a request is sent with the credential of the one before.",
    source: "http-party/node-http-proxy#1500: clients shared a connection that one of them had \
        authenticated.",
    caught: ("normal/credentials", "credentials"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::MixesCredentials);
}
