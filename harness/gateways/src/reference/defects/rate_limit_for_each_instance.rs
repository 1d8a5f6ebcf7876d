//! The defect `rate-limit-for-each-instance`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "rate-limit-for-each-instance",
    docs: "Twice as many requests are let through as the rate limit allows: each of two instances counts for itself.",
    source: "Azure API Management: self-hosted instances count together only if UDP 4290 and 4291 are open between them (rate-limit-policy).",
    caught: ("azure/rate-limit", "rate_limit"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_quota(|rate| rate.calls = rate.calls.saturating_mul(2));
}
