//! `attempts`: how often a request reaches the backends, and which.

mod bounds;
mod forecast;
#[cfg(test)]
mod tests;

use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Expectation;
use crate::claim::Claim;
use crate::forecast::{Forecast, Outlook};

/// A request reaches the backends as often as it may, and as often as it should.
///
/// # What it checks
/// Arrivals at the backends for one request, the first included: gateways disagree on what "retries" counts, so
/// arrivals are counted.
///
/// - `max`: no request arrives more often. A gateway that tries once too often shows it at requests whose first `max`
///   attempts all failed, in a way that `[policy.retry]` tries again after (any failure without it); in a phase without
///   faults, at any request. None may arrive again long after its client has left.
/// - `min`: a request whose attempts all failed in such a way arrives at least so often, unless the policy's total timer
///   leaves no time or its breaker may have kept all backends out. It is shown by requests that failed `min − 1` times.
/// - `exactly`: both at once. In a phase without faults, every request arrives exactly so often.
/// - `other_backend`: a further attempt goes to another backend than the one before (`true`), or to the same one
///   (`false`). One that goes to the same because no other was certainly in use is set aside.
/// - `amplification_max`: arrivals per request, over all requests of the window.
/// - `retries_in_flight_max`: no request is tried again while so many further attempts are under way, over all traffic
///   (Envoy's `max_retries`).
///
/// Arrivals that look like a replay by the gateway's HTTP library (the same backend, after a reused connection was
/// lost, within 1 ms) count too, and are named apart.
///
/// # Why it matters
/// Each further attempt adds load to backends that are already failing; a gateway that tries three times triples an
/// outage's traffic. One that never tries again turns each failed backend into failed requests.
///
/// # When it can't tell
/// Inconclusive if fewer than 10 requests came up that would have shown it: a fault on one of two backends never makes
/// two attempts of a request fail, and proves nothing of `max = 2`. Requests are set aside while a fault hides attempts
/// (`refuse`, a reset at accept), at the edge of a phase, in a stall of brownout's machine, and where the client left
/// first; over a tenth of them leaves it open. More arrivals than the policy ever makes are explained by none of these.
///
/// # Example
/// ```toml
/// [[expect]]
/// in       = "brownout"
/// traffic  = "reads"
/// attempts = { exactly = 2, other_backend = true, amplification_max = 1.6 }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attempts {
    /// The most arrivals for one request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u16>,
    /// The fewest arrivals for a request that fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u16>,
    /// Both at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exactly: Option<u16>,
    /// Whether a further attempt goes to another backend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_backend: Option<bool>,
    /// The most arrivals per request, on average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amplification_max: Option<f64>,
    /// The most further attempts that are under way at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries_in_flight_max: Option<u16>,
}

impl Expectation for Attempts {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        bounds::claims(self, view)
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        forecast::forecast(self, outlook)
    }

    fn needs_fault(&self) -> bool {
        let further =
            self.most().is_some_and(|most| most > 1) || self.fewest().is_some_and(|fewest| fewest > 1);
        let placed = self.other_backend.is_some() || self.retries_in_flight_max.is_some();
        further || placed || self.amplification_max.is_some_and(|most| most > 1.0)
    }

    fn failure_is_proof(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        if *self == Attempts::default() {
            return Some(
                "it has no bound: set one of `max`, `min`, `exactly`, `other_backend`, `amplification_max`, \
                 `retries_in_flight_max`"
                    .into(),
            );
        }
        if self.exactly.is_some() && (self.max.is_some() || self.min.is_some()) {
            return Some("`exactly` already says what `min` and `max` would: set one or the other".into());
        }
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min > max
        {
            return Some(format!("`min = {min}` is more than `max = {max}`"));
        }
        let amplification = self.amplification_max.filter(|most| !most.is_finite() || *most < 0.0)?;
        Some(format!("`amplification_max = {amplification}` is not a number of arrivals"))
    }
}

impl Attempts {
    /// The most arrivals that a request may have.
    fn most(&self) -> Option<u16> {
        self.max.or(self.exactly)
    }

    /// The fewest arrivals that a failing request may have.
    fn fewest(&self) -> Option<u16> {
        self.min.or(self.exactly)
    }

    /// The fewest arrivals where a gateway can have fewer: a request that failed at a backend has arrived once.
    fn demanded(&self, faulty: bool) -> Option<u16> {
        self.fewest().filter(|fewest| *fewest > 1 || !faulty)
    }
}
