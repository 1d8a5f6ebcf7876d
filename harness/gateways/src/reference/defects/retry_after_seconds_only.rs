//! The defect `retry-after-seconds-only`.

use super::Entry;
use crate::reference::settings::{Forms, Settings};

pub(super) const DEFECT: Entry = Entry {
    name: "retry-after-seconds-only",
    docs: "A `Retry-After` is read in seconds only: one with a date is taken for none.",
    source: "ktorio/ktor#2762: the retry plugin of a client parsed the number and nothing else.",
    caught: ("ai/quota-with-a-date", "retry_after"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_asked(|asked| asked.forms = Forms::Seconds);
}
