//! The defect `tries-for-nobody`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "tries-for-nobody",
    docs: "A client that goes away ends the attempt that is under way, which then counts as failed and is made once more.",
    source: "dotnet/yarp#2062, kubernetes/ingress-nginx#9332: the end of a client was taken for a failure of the backend, \
        and attempts went on.",
    caught: ("overload/impatient-clients", "cancel"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::TriesForNobody);
}
