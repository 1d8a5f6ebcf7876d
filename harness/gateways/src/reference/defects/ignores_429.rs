//! The defect `ignores-429`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "ignores-429",
    docs: "Status 429 does not count as a failure, though the policy names it.",
    source: "Azure-Samples/openai-apim-lb#29: the first 429 of a backend was handled wrongly.",
    caught: ("breaker-classes", "availability"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.fails.retain(|class| !class.takes_status(429)));
}
