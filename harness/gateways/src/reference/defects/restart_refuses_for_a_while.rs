//! The defect `restart-refuses-for-a-while`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "restart-refuses-for-a-while",
    docs: "When it is restarted, the old process ends first: for 200 ms nobody listens.",
    source: "Yelp Engineering, True Zero Downtime HAProxy Reloads (2015): connections were refused until the new process had the port.",
    caught: ("maintenance/restart", "drain"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::RestartRefusesForAWhile);
}
