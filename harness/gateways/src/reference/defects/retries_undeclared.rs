//! The defect `retries-undeclared`.

use policy::RetryOn;

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "retries-undeclared",
    docs: "A request is also tried again on status 500, which the policy does not name.",
    source: "traefik/traefik#8990: an upstream's own errors were taken for network errors, and retried.",
    caught: ("retry-conditions", "attempts"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_retry(|retry| retry.on.push(RetryOn::Status(500)));
}
