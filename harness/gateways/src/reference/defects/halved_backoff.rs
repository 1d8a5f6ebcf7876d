//! The defect `halved-backoff`.

use units::Timespan;

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "halved-backoff",
    docs: "Each wait is half as long as declared.",
    source: "A small change of the policy, as a slip of the pen makes it.",
    caught: ("backoff-grows", "backoff"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_backoff(|backoff| {
        backoff.base = Timespan(*backoff.base / 2);
        backoff.max = backoff.max.map(|max| Timespan(*max / 2));
    });
}
