//! The defect `waits-in-vain`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "waits-in-vain",
    docs: "A request waits for the time that the backend told although its timer fires before, and is answered 504 then.",
    source: "urllib3/urllib3#1338: a `Retry-After` that is longer than the timeout is waited for all the same.",
    caught: ("ai/quota-beyond-the-timeout", "retry_after"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_asked(|asked| asked.in_vain = true);
}
