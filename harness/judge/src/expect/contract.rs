//! What each kind of expectation has to say for itself.

use measure::view::View;
use units::Timespan;

use crate::claim::Claim;
use crate::forecast::{Forecast, Outlook};

/// What an expectation needs of the gateway's own metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needed {
    /// The names of metrics that it names itself.
    pub names: Vec<String>,
    /// How late the gateway may count.
    pub late: Timespan,
}

/// A kind of expectation.
pub trait Expectation {
    /// What it says of what is seen from one place. A pure function; empty evidence leaves it open.
    fn claims(&self, view: &View<'_>) -> Vec<Claim>;

    /// What can be told before a run: the cases that will come up, and whether it can fail or pass at all.
    fn forecast(&self, _outlook: &Outlook<'_>) -> Vec<Forecast> {
        Vec::new()
    }

    /// True if it only means something in a phase in which a fault is planned, so that the scenario is warned
    /// about a phase without one.
    fn needs_fault(&self) -> bool {
        false
    }

    /// True if a pass rests on every fault of its phase having taken effect on the traffic that it looks at.
    fn rests_on_faults(&self) -> bool {
        true
    }

    /// True if one request is enough to prove a failure, whether or not a planned fault fired on it: a write that
    /// was delivered twice. Such a failure stands where a pass would need more evidence.
    fn failure_is_proof(&self) -> bool {
        false
    }

    /// True if it looks at all phases at once where the scenario names none.
    fn looks_at_whole_run(&self) -> bool {
        false
    }

    /// The headers that it needs on record, beside path and query; `None` if it needs none of all that.
    fn headers(&self) -> Option<Vec<String>> {
        None
    }

    /// Those of them whose values are recorded as hashes only.
    fn secret_headers(&self) -> Vec<String> {
        Vec::new()
    }

    /// What it needs of the gateway's own metrics; `None` if it needs none.
    fn metrics(&self) -> Option<Needed> {
        None
    }

    /// True if it looks at the gateway's own access log.
    fn reads_access_log(&self) -> bool {
        false
    }

    /// True if it needs the bodies of errors searched for what they disclose.
    fn searches_errors(&self) -> bool {
        false
    }

    /// The backends that it names, for the scenario to look up.
    fn backends(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The kinds of faults that it names, for the scenario to look up.
    fn faults(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The phases that it names, for the scenario to look up.
    fn phases(&self) -> Vec<&str> {
        Vec::new()
    }

    /// What is wrong with settings that are well-formed but make no sense together.
    fn problem(&self) -> Option<String> {
        None
    }
}
