//! The defect `ignores-resets`.

use policy::{FailureClass, RetryOn};

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "ignores-resets",
    docs: "A reset connection does not count as a failure.",
    source: "apache/apisix#6175: the breaker did not see the errors that the gateway itself answered.",
    caught: ("breaker-classes", "availability"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.fails.retain(|class| *class != FailureClass::One(RetryOn::Reset)));
}
