//! The defect `no-retry`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "no-retry",
    docs: "Failed requests are never tried again.",
    source: "spring-cloud/spring-cloud-gateway#1567: with a fallback configured, retries were off without a word.",
    caught: ("retry-503", "attempts"),
    also: &["availability"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.retry = None;
}
