//! The defect `ignores-timeouts`.

use policy::{FailureClass, RetryOn};

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "ignores-timeouts",
    docs: "A timeout does not count as a failure.",
    source: "Kong's passive health checks, whose `timeouts` is 0 by default: timeouts are not counted.",
    caught: ("breaker-classes", "availability"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| rules.fails.retain(|class| *class != FailureClass::One(RetryOn::Timeout)));
}
