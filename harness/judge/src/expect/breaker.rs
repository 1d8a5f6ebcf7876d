//! `breaker`: when a backend is left alone, for how long, how it is probed, and whether it is taken back.

mod bystanders;
mod declared;
mod departure;
mod estimates;
mod foresight;
mod inquiry;
mod recovery;
#[cfg(test)]
mod tests;
mod together;
mod words;

use measure::automata::input::Input;
use measure::automata::member::Rule;
use measure::automata::offered::Offered;
use measure::view::View;
use policy::{FailureClass, WayBack};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Share, Timespan};

use super::Expectation;
use crate::claim::Claim;
use crate::forecast::{Forecast, Outlook};
pub(super) use departure::Word;
use inquiry::Inquiry;

/// A failing backend is left alone in time, alone, long enough, and is then taken back.
///
/// # What it checks
/// Placed in the phase of an outage. What arrived at each backend that the fault is on is searched for a run of the
/// declared breaker: some order of what can't be told apart in time (the transit, and stalls of brownout's machine), and
/// some assignment to `workers`, in which every request that arrived was let through, and every silence was an open
/// breaker's. It fails if there is none, and says which arrival or silence fits none. It passes if there is one and none of
/// the breakers next to the declared one: one failure earlier, one later than `slack`, an open time beyond
/// `tolerance`, one that never opens.
///
/// - `trips_after`: it opens after so many failures (`consecutive = 5`, or `count = 5, within = "10s"`, or
///   `share = 0.5, within = "10s", min = 20`), not earlier, and at most `slack` failures later. A share is told apart to
///   a tenth. Each of `workers` processes of a gateway counts for itself, and nobody says which request went to which: to
///   tell neighbours apart, each one that is used is taken to get a quarter of its even part of the traffic at least.
/// - `fails`: what counts as a failure; what `policy.breaker` says without it, or `5xx`, `timeout`, `reset`,
///   `connect-failure`, and `429` where the policy obeys `Retry-After`.
/// - `leaked_max`: so many requests may still arrive while it should be open. What was on its way when the
///   deciding failure became known is not counted.
/// - `open_for`: the silence lasts that long, give or take `tolerance` (a tenth without it), each time.
///   With `retry_after = true` it lasts as long as the `Retry-After` of the failure that opened it asks, where there is one.
/// - `way_back`: how traffic comes back: by `probe`, `all` at once, by the gateway's health `check`, or by a `ramp`.
///   What `policy.breaker` says without it; any of them if that is silent too. `probes_max`: so many requests are let
///   through (by each worker) until the first one's outcome is known; that is only seen where probes take long enough
///   for others to come.
/// - `recovers_within`: the backend gets its traffic again within that time after the end of the fault, and at least half
///   of its share.
/// - `scope = "backend"`: a backend that failed nothing never goes silent. `scope = "pool"`: one breaker for all.
/// - `stays_closed = true`: nothing that happens here opens it; the other bounds say which breaker that is.
///
/// # Why it matters
/// A breaker that opens late or never lets a failing upstream be hammered, and users wait for it. One that opens
/// for the whole pool turns a partial outage into a full one. One that never closes again makes it last.
///
/// # When it can't tell
/// Inconclusive if no failures came that should have opened it, if what was seen fits a neighbour as well (the finding
/// says which), if a fault hides attempts (`refuse`) from the beginning, or may have opened it before, if the evidence ends
/// before traffic could come back, or if traffic is so thin that silence can't be told from chance.
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
    /// How far the open time may be off; a tenth of it without it, and 10 ms at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Timespan>,
    /// True if the `Retry-After` of the failure that opens it sets the open time, where there is one, in place of `open_for`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retry_after: bool,
    /// How many requests may still arrive while it should be open.
    #[serde(default)]
    pub leaked_max: u64,
    /// How many requests are let through at a time while half-open; any number without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probes_max: Option<u32>,
    /// How the backend gets its traffic back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way_back: Option<WayBack>,
    /// What counts as a failure of the backend.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fails: Vec<FailureClass>,
    /// True if nothing may open it here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stays_closed: bool,
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

fn one() -> u32 {
    1
}

impl Expectation for Breaker {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let back =
            |inquiry: &Inquiry<'_>| self.recovers_within.map(|within| recovery::claim(inquiry, within));
        let offered = Offered::of(view);
        let asked = self.each(view, &offered, |inquiry| (inquiry.breaker(), back(inquiry)));
        if asked.is_empty() {
            return vec![self.nothing_planned()];
        }
        let (said, back): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        let mut claims = together::claims(said);
        claims.extend(back.into_iter().flatten());
        claims.extend(self.bystanders(view, &offered));
        claims
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        self.foreseen(outlook, None)
    }

    fn needs_fault(&self) -> bool {
        !self.stays_closed
    }

    fn backends(&self) -> Vec<&str> {
        self.backend.iter().map(String::as_str).collect()
    }

    fn problem(&self) -> Option<String> {
        if *self.open_for <= self.tolerance() {
            let tolerance = Timespan(self.tolerance());
            return Some(format!("`open_for` must be longer than `tolerance` ({tolerance})"));
        }
        if self.workers == 0 || self.workers > WORKERS_MAX || self.probes_max == Some(0) {
            return Some(format!("`workers` must be from 1 to {WORKERS_MAX}, and `probes_max` at least 1"));
        }
        if self.probes_max.is_some() && self.way_back.is_some_and(|way| way != WayBack::Probe) {
            return Some("`probes_max` means something for `way_back = \"probe\"` only".into());
        }
        self.trips_after.problem()
    }
}

/// The most instances that are told apart.
const WORKERS_MAX: u32 = 64;

impl Breaker {
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method's own lifetime is too special")]
    /// What is claimed of each backend's breaker, or of the pool's, word by word.
    pub(super) fn words(&self, view: &View<'_>, offered: &Offered) -> Vec<(Word, Claim)> {
        let found = self.each(view, offered, |inquiry| inquiry.words());
        if found.is_empty() {
            return vec![(Word::Trip, self.nothing_planned())];
        }
        found.into_iter().flatten().collect()
    }

    /// Asks of each backend that the demand is about, or of the pool, what `ask` does.
    fn each<T>(&self, view: &View<'_>, offered: &Offered, ask: impl Fn(&Inquiry<'_>) -> T) -> Vec<T> {
        let brief = view.brief;
        let every: Vec<u16> = (0..u16::try_from(brief.backends.len()).unwrap_or(u16::MAX)).collect();
        let named = |index: &u16| {
            self.backend.as_ref().is_none_or(|name| brief.backend_name(*index) == name.as_str())
        };
        let groups: Vec<(String, Vec<u16>)> = match self.scope {
            Scope::Pool => vec![("the pool".into(), every.clone())],
            Scope::Backend => {
                let named = every.iter().copied().filter(named);
                named.map(|index| (format!("`{}`", brief.backend_name(index)), vec![index])).collect()
            }
        };
        let fails = self.fails(view);
        let faulty = |backend: &u16| view.injections().any(|(_, one)| one.backends.contains(backend));
        // With no fault at all, whatever is named has to stay closed.
        let always = self.stays_closed && !every.iter().any(faulty);
        let asked = groups.iter().filter_map(|(name, backends)| {
            let input = Input::of(view, offered, backends, &fails, always)?;
            Some(ask(&Inquiry { demand: self, view, name, backends, input: &input }))
        });
        asked.collect()
    }

    fn nothing_planned(&self) -> Claim {
        let whom = self.backend.as_ref().map(|name| format!(" on `{name}`")).unwrap_or_default();
        let nothing = format!("no fault is planned{whom} in the phase, so no breaker has a reason to open");
        Claim::blind(nothing, "plan a fault on the backend in this phase").seen("no outage", self.demanded())
    }

    /// What is claimed of the backends without a fault; nothing if there are none that get traffic.
    pub(super) fn bystanders(&self, view: &View<'_>, offered: &Offered) -> Option<Claim> {
        let judged = self.scope == Scope::Backend && !self.stays_closed;
        judged.then(|| bystanders::claim(self, view, offered, &self.fails(view))).flatten()
    }

    fn demanded(&self) -> String {
        if self.stays_closed {
            return "stays closed".into();
        }
        let slack = if self.slack == 0 { String::new() } else { format!(" (and up to {} more)", self.slack) };
        let probes = self.probes_max.map(|probes| format!(", {probes} probing at a time"));
        let back = self.recovers_within.map(|within| format!(", back within {within} of the fault's end"));
        format!(
            "opens after {}{slack}, at most {} leaked, open for {} ± {}{}{}",
            Rule::of(&self.trips_after.trip()).words(),
            self.leaked_max,
            self.open_for,
            Timespan(self.tolerance()),
            probes.unwrap_or_default(),
            back.unwrap_or_default()
        )
    }
}

impl TripsAfter {
    fn trip(&self) -> policy::Trip {
        policy::Trip {
            consecutive: self.consecutive,
            count: self.count,
            share: self.share,
            within: self.within,
            min: self.min,
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
