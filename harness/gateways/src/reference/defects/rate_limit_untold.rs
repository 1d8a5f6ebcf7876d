//! The defect `rate-limit-untold`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "rate-limit-untold",
    docs: "What a rate limit turns away is not told when to come back.",
    source: "nginx: what `limit_req` turns away has no `Retry-After`.",
    caught: ("azure/rate-limit", "rate_limit"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_quota(|rate| rate.tells = false);
}
