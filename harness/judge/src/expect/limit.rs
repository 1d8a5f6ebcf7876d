//! `limit`: no more requests are under way than may be, and what becomes of the others.

mod claims;
#[cfg(test)]
mod tests;

use measure::limit::Limited;
use measure::view::View;
use policy::Scope;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;
use units::stats::cases_to_exclude;

use super::Expectation;
use crate::claim::{CASES_MIN, Claim};
use crate::decide::BETA;
use crate::forecast::{Forecast, Outlook};

/// Backends get no more requests at a time than the gateway is to let through, however many are asked for.
///
/// # What it checks
/// An attempt is under way from its arrival at a backend to its end there.
///
/// - `in_flight = 8`: no more than so many are under way at a time, at each backend or, with `scope = "pool"`, at all of them.
/// - `queue = 16`: of the requests that come meanwhile, no more than so many wait.
/// - `wait = "200ms"`: none of them waits longer than this, whether it reaches a backend then or is turned away; a tenth more is
///   borne, and 10 ms at least.
/// - `exact = true`: nobody is turned away while fewer are under way; none at once while fewer wait than `queue`; and none that
///   has waited before `wait` is over, but for a tenth of it, or 10 ms.
/// - `fair = 0.5`: each class of the traffic is served at least so well as all of it: where half of all requests reach a backend,
///   a quarter of the class does.
///
/// What is turned away should be so at once and with the right status: that is `shed`.
///
/// # Why it matters
/// A backend that gets more than it can do serves nobody. A limit that does not hold protects nobody, one that is lower
/// than configured wastes capacity, a queue without bound makes all wait for answers that come too late, and a limit that one class
/// eats up takes the others out.
///
/// # When it can't tell
/// `in_flight` needs 10 requests that come while all turns are taken, `wait` 29, `queue` 10 of them that are turned away. `exact`
/// needs 10 that are turned away while it is plain how many are under way: what begins or ends within 5 ms of them blurs that.
/// For the queue it needs 10 that are turned away at once while it is plain that no more than one and a half times as many wait,
/// so that a queue of half the length is told; for the wait, 10 that are turned away after they have waited. A limit of a backend is
/// met where every backend of the first priority is full. Of two queues, one longer by what comes in 10 ms looks like the
/// other.
///
/// # Example
/// ```toml
/// [[expect]]
/// in    = "overload"
/// limit = { in_flight = 8, exact = true, queue = 16, wait = "200ms", fair = 0.5 }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The most that are under way at a time, from 1.
    pub in_flight: u32,
    /// Whether that is counted for each backend or for the whole pool.
    #[serde(default, skip_serializing_if = "Scope::is_backend")]
    pub scope: Scope,
    /// True: nobody is turned away while fewer are under way, fewer wait, or before they have waited so long.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exact: bool,
    /// The most that wait at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<u32>,
    /// The longest that one waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Timespan>,
    /// How well each class is served, at the least, relative to all of them: above 0, up to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fair: Option<f64>,
}

/// The words of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    InFlight,
    Exact,
    Queue,
    WholeQueue,
    Wait,
    WholeWait,
    Fair,
}

impl Limit {
    /// What it says, word by word.
    pub(crate) fn words(&self, view: &View<'_>) -> Vec<(Word, Claim)> {
        let limited = Limited::of(view, &self.as_policy());
        let mut claims = vec![(Word::InFlight, claims::in_flight(self, view, &limited))];
        claims.extend(self.exact.then(|| (Word::Exact, claims::exact(self, view, &limited))));
        claims.extend(self.queue.map(|queue| (Word::Queue, claims::queue(queue, view, &limited))));
        claims.extend(self.wait.map(|wait| (Word::Wait, claims::wait(wait, view, &limited))));
        let queue = self.queue.filter(|queue| self.exact && *queue > 0);
        claims.extend(queue.map(|queue| (Word::WholeQueue, claims::whole_queue(queue, view, &limited))));
        let wait = self.wait.filter(|_| self.exact);
        claims.extend(wait.map(|wait| (Word::WholeWait, claims::whole_wait(wait, view, &limited))));
        let fair = self.fair.into_iter().flat_map(|fair| claims::fair(self, fair, view, &limited));
        claims.extend(fair.map(|claim| (Word::Fair, claim)));
        claims
    }

    fn as_policy(&self) -> policy::Limit {
        let Limit { in_flight, scope, queue, .. } = *self;
        policy::Limit { in_flight, scope, queue, wait: None, status: None }
    }
}

impl Expectation for Limit {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        self.words(view).into_iter().map(|(_, claim)| claim).collect()
    }

    fn rests_on_faults(&self) -> bool {
        false
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let beyond = outlook.beyond(&self.as_policy());
        let needed =
            if self.wait.is_some() { cases_to_exclude(claims::LATE_REFUTED, BETA) } else { CASES_MIN };
        let needed = outlook.place.samples_min.unwrap_or(0).max(needed);
        let what = format!("requests that come while {} are under way", self.in_flight);
        let cases = beyond.map(|beyond| match Forecast::exposures(what, beyond, needed) {
            Forecast::Exposures { what, expected, needed, .. } => {
                let remedy = claims::REMEDY.to_owned();
                Forecast::Exposures { what, expected, needed, remedy }
            }
            other => other,
        });
        cases.into_iter().chain(outlook.uncounted()).collect()
    }

    fn problem(&self) -> Option<String> {
        if self.in_flight == 0 {
            return Some("`in_flight = 0` lets nothing through: expected 1 or more".into());
        }
        if self.wait.is_some_and(|wait| wait.is_zero()) {
            return Some("`wait = \"0s\"` can't be kept: nothing is decided in no time".into());
        }
        // Written so that a number that is none is refused as well.
        if self.fair.is_some_and(|fair| !(fair > 0.0 && fair <= 1.0)) {
            return Some("`fair` must lie above 0, up to 1".into());
        }
        None
    }
}
