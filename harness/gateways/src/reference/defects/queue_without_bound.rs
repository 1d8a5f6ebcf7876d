//! The defect `queue-without-bound`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "queue-without-bound",
    docs: "Whoever comes while the limit is reached waits, however many wait already.",
    source: "dotnet/yarp#394: what comes while all connections are in use is queued without a bound.",
    caught: ("overload/queue", "limit"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_limit(|limit| limit.queue = usize::MAX);
}
