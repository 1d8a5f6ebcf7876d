//! The defect `limit-ignored`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "limit-ignored",
    docs: "However many attempts are under way at a backend, another one is let through.",
    source: "cfsego/nginx-limit-upstream#16: with `limit=1`, several connections to the server are made all the same.",
    caught: ("overload/limit", "limit"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_limit(|limit| limit.in_flight = u32::MAX);
}
