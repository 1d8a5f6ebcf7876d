//! The defect `waits-for-ever`.

use std::time::Duration;

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "waits-for-ever",
    docs: "Whoever waits for a turn does so for as long as the request may take, whatever wait is configured.",
    source: "freeunitorg/freeunit#198: the timeout does not count the time for which a request is queued.",
    caught: ("overload/queue", "limit"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_limit(|limit| limit.wait = Duration::MAX);
}
