//! The defect `errors-as-200`.

use super::Entry;
use crate::reference::settings::{Settings, Slip};

pub(super) const DEFECT: Entry = Entry {
    name: "errors-as-200",
    docs: "An error of a backend is passed on under the status 200, and so are the gateway's own.",
    source: "azrtydxb/Fastllm-proxy#28: upstream errors came as 200 with an error in the body, so that clients never tried again.",
    caught: ("retry-never-posts", "integrity"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.slip(Slip::ErrorsAs200);
}
