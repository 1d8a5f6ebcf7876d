//! `breaker`: when a backend is left alone, for how long, how it is probed, and whether it is taken back.

mod rule;
mod story;
#[cfg(test)]
mod tests;
mod trip;

use evidence::Ledger;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Timespan};

use super::{Expectation, Judged};
use crate::reconstruct::{Case, Facts, joined};
use measure::view::View;
use rule::Inquiry;
use story::{Outage, Story};

/// A failing backend is left alone in time, alone, long enough, and is then taken back.
///
/// # What it checks
/// Placed in the phase of an outage. A breaker's states are read off the arrivals at each backend that the fault is
/// on: `Closed` while requests arrive, `Open` while none do although traffic goes on, `HalfOpen` from the first arrival
/// after that until its outcome is known.
///
/// - `trips_after`: it opens after so many failures (`consecutive = 5`, or `count = 5, within = "10s"`, or
///   `share = 0.5, within = "10s", min = 20`), not earlier, and at most `slack` failures later. Each of `workers`
///   processes of a gateway may count for itself.
/// - `leaked_max`: so many requests may still arrive while it should be open. What was on its way when the
///   deciding failure became known is not counted.
/// - `open_for`: the silence lasts that long, give or take `tolerance`. When it opens again after a failed probe,
///   it may last longer.
/// - `probes_max`: so many requests are let through (by each worker) until the first one's outcome is known.
/// - `recovers_within`: the backend gets its traffic again within that time after the end of the fault. Without
///   it, the backend must come back at all.
/// - `scope = "backend"`: a backend that failed nothing never goes silent. `scope = "pool"` allows it.
///
/// # Why it matters
/// A breaker that opens late or never lets a failing upstream be hammered, and users wait for it. One that opens
/// for the whole pool turns a partial outage into a full one. One that never closes again makes it last.
///
/// # When it can't tell
/// Inconclusive if no failures came that should have opened it, if a fault hides attempts (`refuse`), if the
/// evidence ends before the probe was due, if brownout's noise is larger than `tolerance`, or if traffic is so thin
/// that silence can't be told from chance: about 14 requests that would have gone to the backend during
/// `open_for` are needed.
///
/// # Example
/// ```toml
/// [[expect]]
/// in      = "outage"
/// breaker = { trips_after = { consecutive = 5 }, open_for = "2s", recovers_within = "3s" }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// What opens it.
    pub trips_after: TripsAfter,
    /// How many failures more it may take.
    #[serde(default)]
    pub slack: u32,
    /// How long it stays open before it probes.
    pub open_for: Timespan,
    /// How far the open time may be off.
    #[serde(default = "tolerance")]
    pub tolerance: Timespan,
    /// How many requests may still arrive while it should be open.
    #[serde(default)]
    pub leaked_max: u64,
    /// How many requests are let through at a time while half-open.
    #[serde(default = "one")]
    pub probes_max: u32,
    /// The longest time from the end of the fault until the backend gets its traffic again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovers_within: Option<Timespan>,
    /// The backend that is looked at; every one that the fault is on without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
    /// How many processes or instances of the gateway count for themselves.
    #[serde(default = "one")]
    pub workers: u32,
    /// What one breaker protects.
    #[serde(default)]
    pub scope: Scope,
}

/// What opens a breaker: one of `{ consecutive = 5 }`, `{ count = 5, within = "10s" }`,
/// `{ share = 0.5, within = "10s", min = 20 }`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TripsAfter {
    /// So many failures in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive: Option<u32>,
    /// So many failures within `within`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// So large a share of failures within `within`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Share>,
    /// The length of the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Timespan>,
    /// The fewest results in the window for a share to count; 1 without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
}

/// What one breaker protects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// One backend: the others go on.
    #[default]
    Backend,
    /// The whole pool: when it opens, no backend gets requests.
    Pool,
}

fn tolerance() -> Timespan {
    Timespan::from_millis(500)
}

fn one() -> u32 {
    1
}

impl Expectation for Breaker {
    fn judge(&self, ledger: &Ledger, window: &View<'_>) -> Judged {
        let brief = window.brief;
        let phase = brief.phases[window.place.phase].during;
        let named = |index: &u16| {
            self.backend.as_ref().is_none_or(|name| brief.backend_name(*index) == name.as_str())
        };
        let backends = 0..u16::try_from(brief.backends.len()).unwrap_or(u16::MAX);
        let outages = backends.filter(named).filter_map(|backend| Outage::of(brief, ledger, phase, backend));
        let outages: Vec<Outage> = outages.collect();
        if outages.is_empty() {
            let whom = self.backend.as_ref().map(|name| format!(" on `{name}`")).unwrap_or_default();
            let nothing =
                format!("no fault is planned{whom} in the phase, so no breaker has a reason to open");
            return Judged::inconclusive("no outage", self.demanded(), nothing);
        }
        let noise = window.noise().resolution();
        let mut inquiry = Inquiry { demand: self, brief, ledger, noise, case: Case::default() };
        inquiry.innocents(phase, &outages);
        let (mut observed, mut results, mut gaps) = (Vec::new(), 0, Vec::new());
        for outage in &outages {
            let story = Story::of(self, brief, ledger, outage, noise);
            results += story.results;
            gaps.extend(story.openings.iter().map(|opening| opening.mean_gap));
            observed.push(inquiry.backend(outage, &story));
        }
        let observed = joined(observed, "; ");
        inquiry.case.judged(Facts {
            good: observed.clone(),
            observed,
            expected: self.demanded(),
            because: "states are read off the arrivals at the backend: silence while requests go on is Open"
                .into(),
            observations: results,
            resolution: Facts::resolution_of(gaps.into_iter().max().unwrap_or_default().max(noise)),
        })
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn backends(&self) -> Vec<&str> {
        self.backend.iter().map(String::as_str).collect()
    }

    fn problem(&self) -> Option<String> {
        if self.open_for <= self.tolerance {
            return Some(format!("`open_for` must be longer than `tolerance` ({})", self.tolerance));
        }
        if self.workers == 0 || self.probes_max == 0 {
            return Some("`workers` and `probes_max` must be at least 1".into());
        }
        self.trips_after.problem()
    }
}

impl Breaker {
    fn demanded(&self) -> String {
        let slack = if self.slack == 0 { String::new() } else { format!(" (and up to {} more)", self.slack) };
        let back = self.recovers_within.map(|within| format!(", back within {within} of the fault's end"));
        format!(
            "opens after {}{slack}, at most {} leaked, open for {} ± {}, {} probing at a time{}",
            self.trips_after.words(),
            self.leaked_max,
            self.open_for,
            self.tolerance,
            self.probes_max,
            back.unwrap_or_default()
        )
    }
}

impl TripsAfter {
    /// What opens the breaker, in words.
    fn words(&self) -> String {
        let window = self.within.map(|within| format!(" within {within}")).unwrap_or_default();
        match (self.consecutive, self.count, self.share) {
            (Some(count), _, _) => in_a_row(count as usize),
            (_, Some(count), _) => format!("{count} failures{window}"),
            (_, _, Some(share)) => format!("{share} failures{window} of at least {}", self.min.unwrap_or(1)),
            _ => "nothing".into(),
        }
    }

    fn problem(&self) -> Option<String> {
        let chosen = [self.consecutive.is_some(), self.count.is_some(), self.share.is_some()];
        if chosen.into_iter().filter(|chosen| *chosen).count() != 1 {
            return Some("`trips_after` needs exactly one of `consecutive`, `count` and `share`".into());
        }
        if self.consecutive.or(self.count).is_some_and(|count| count == 0)
            || self.share.is_some_and(|share| share.get() == 0.0)
        {
            return Some("`trips_after` must be above 0".into());
        }
        if self.consecutive.is_none() != self.within.is_some() {
            return Some("`trips_after` needs `within` for `count` and `share`, and only for these".into());
        }
        (self.share.is_none() && self.min.is_some()).then(|| "`min` means something for `share` only".into())
    }
}

/// So many failures, in words.
fn in_a_row(failures: usize) -> String {
    if failures == 1 { "1 failure in a row".into() } else { format!("{failures} failures in a row") }
}
