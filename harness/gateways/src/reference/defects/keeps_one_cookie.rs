//! The defect `keeps-one-cookie`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "keeps-one-cookie",
    docs: "Of several cookies that an answer sets only the last is passed on.",
    source: "http-party/node-http-proxy#1101, tinyproxy/tinyproxy#403: of several `set-cookie` headers \
        one reached the client.",
    caught: ("normal/headers", "headers"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::KeepsOneCookie);
}
