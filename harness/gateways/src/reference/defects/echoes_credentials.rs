//! The defect `echoes-credentials`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "echoes-credentials",
    docs: "Errors repeat the credential of the request.",
    source: "CWE-209: an error message with sensitive information in it.",
    caught: ("normal/credentials", "credentials"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::EchoesCredentials);
}
