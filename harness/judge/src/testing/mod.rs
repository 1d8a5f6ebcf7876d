//! Findings of the ledgers that `measure::testing` makes.

mod outline;

use reports::{Finding, Report};

use crate::demand::Demand;
use crate::expect::ExpectationSettings;
use crate::forecast::{Forecast, Outlook};
use crate::{finding, judge};

pub(crate) use measure::testing::{Call, Run, Try};
pub(crate) use outline::outline;

/// What can be judged of a run.
pub(crate) trait Judging {
    /// What the report says of one demand.
    fn finding(&self, phase: &str, traffic: &str, expectation: &str) -> Finding;
    /// The whole report of the demands that were added.
    fn report(&self) -> Report;
}

impl Judging for Run {
    fn finding(&self, phase: &str, traffic: &str, expectation: &str) -> Finding {
        let (brief, ledger) = self.build();
        let demands = [demand(self.place(phase, traffic), expectation)];
        finding::find_all(&brief, &demands, &ledger).remove(0)
    }

    fn report(&self) -> Report {
        let (brief, ledger) = self.build();
        judge(&brief, &demands(self), &ledger, Report::default())
    }
}

/// The demands that were added to a run.
pub(crate) fn demands(run: &Run) -> Vec<Demand> {
    run.expects().iter().map(|expect| demand(expect.place, &expect.text)).collect()
}

fn demand(place: measure::view::Place, expectation: &str) -> Demand {
    let expectation = settings(expectation).unwrap_or_else(|error| panic!("`{expectation}`: {error}"));
    Demand {
        expectation,
        phase: place.phase,
        traffic: place.traffic,
        settle: place.settle,
        samples_min: place.samples_min,
        whole_run: place.whole_run,
        line: None,
    }
}

/// Reads an expectation as a scenario words it: `attempts = { max = 2 }`.
pub(crate) fn settings(expectation: &str) -> Result<ExpectationSettings, String> {
    toml::from_str(expectation).map_err(|error| error.to_string())
}

/// What is foreseen of an expectation by the plan alone, where as many requests are planned as the run has.
pub(crate) fn foreseen(run: &Run, phase: &str, traffic: &str, expectation: &str) -> Vec<Forecast> {
    let (mut brief, ledger) = run.build();
    for (class, traffic) in brief.traffic.iter_mut().enumerate() {
        let due = |during| ledger.due_in(during).filter(|entry| usize::from(entry.exchange.class) == class);
        traffic.planned = Some(brief.phases.iter().map(|phase| due(phase.during).count() as u64).collect());
    }
    let demand = demand(run.place(phase, traffic), expectation);
    demand.expectation.contract().forecast(&Outlook { brief: &brief, place: demand.place() })
}
