//! The defect `rate-limit-without-burst`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "rate-limit-without-burst",
    docs: "Requests that come together are turned away, although fewer came in the time than the rate limit allows.",
    source: "nginx: `limit_req` without `burst` spreads the requests of a second evenly, and turns away the second of two that come at once.",
    caught: ("azure/rate-limit", "rate_limit"),
    also: &["availability"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_quota(|rate| rate.bucket = Some(1));
}
