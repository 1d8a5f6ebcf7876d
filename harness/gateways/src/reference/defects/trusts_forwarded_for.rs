//! The defect `trusts-forwarded-for`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "trusts-forwarded-for",
    docs: "What a client says in `x-forwarded-for` is kept, and the client's address only added behind it.",
    source: "caddyserver/caddy#4507, cloudfoundry/gorouter#179: clients could say to come from anywhere.",
    caught: ("normal/headers", "headers"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::TrustsForwardedFor);
}
