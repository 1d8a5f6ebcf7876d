//! The defect `rate-limit-late-by-one`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "rate-limit-late-by-one",
    docs: "One request more is let through than the rate limit allows.",
    source: "Azure API Management: with an expression in `increment-condition`, the 429 comes one call later (rate-limit-by-key-policy).",
    caught: ("azure/rate-limit", "rate_limit"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_quota(|rate| rate.calls += 1);
}
