//! The defect `waits-as-for-a-connection`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "waits-as-for-a-connection",
    docs: "A wait for a turn ends with the timer for making connections, where that is shorter.",
    source: "RekGRpth/ngx_http_upstream_queue_module#2: the timeout of the queue is cut down to the one for connecting.",
    caught: ("overload/queue", "limit"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    let connect = settings.connect;
    settings.bend_limit(|limit| limit.wait = limit.wait.min(connect));
}
