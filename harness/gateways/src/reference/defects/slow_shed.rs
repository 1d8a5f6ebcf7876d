//! The defect `slow-shed`.

use std::time::Duration;

use http::StatusCode;

use super::Entry;
use crate::reference::settings::{Settings, Shed};

pub(super) const DEFECT: Entry = Entry {
    name: "slow-shed",
    docs: "A request that goes to no backend is answered 500 after 2 s instead of 503 at once.",
    source: "Zentinel 0.6.45, measured: while its breaker was open, clients got 500 after 2 s.",
    caught: ("shed", "shed"),
    also: &["latency"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.shed = Shed { status: StatusCode::INTERNAL_SERVER_ERROR, after: Duration::from_secs(2) };
}
