//! `attempts`: how often a request reaches the backends, and which.

mod parts;
mod tally;
#[cfg(test)]
mod tests;

use evidence::Ledger;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Expectation, Judged};
use measure::view::View;
use tally::Tally;
use units::plural::count;

/// A request reaches the backends as often as it may, and as often as it should.
///
/// # What it checks
/// Arrivals at the backends for one request, the first included: gateways disagree on what "retries" counts, so
/// arrivals are counted.
///
/// - `max`: no request arrives more often.
/// - `min`: a request whose first attempt was failed by a planned fault arrives at least so often, unless an earlier
///   attempt succeeded. Requests that the client gave up on are left out.
/// - `exactly`: both at once. In a phase without faults, every request arrives exactly so often.
/// - `other_backend`: a further attempt goes to another backend than the one before (`true`), or to the same one
///   (`false`).
/// - `amplification_max`: arrivals per request, over all requests of the window.
///
/// Arrivals that look like a replay by the gateway's HTTP library (the same backend, after a reused connection was
/// lost, within 1 ms) count too, and are named apart.
///
/// # Why it matters
/// Each further attempt adds load to backends that are already failing; a gateway that tries three times triples an
/// outage's traffic. One that never tries again turns each failed backend into failed requests.
///
/// # When it can't tell
/// Inconclusive if a fault in the window hides attempts (`refuse`, a reset at accept), unless a bound is exceeded
/// all the same; if no attempt in the window was hit by a planned fault; for `min` and `exactly`, if no first
/// attempt was failed by one; for `other_backend`, if no request was tried again or there is only one backend.
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
}

impl Expectation for Attempts {
    fn judge(&self, ledger: &Ledger, window: &View<'_>) -> Judged {
        let tally = Tally::of(self, ledger, window);
        let mut judged = Judged::all(parts::judge(self, &tally, window));
        if tally.replays > 0 {
            let replays = count(tally.replays, "likely transport replay");
            judged.observed = format!("{}, with {replays} among them", judged.observed);
        }
        judged
    }

    fn needs_fault(&self) -> bool {
        let further =
            self.most().is_some_and(|most| most > 1) || self.fewest().is_some_and(|fewest| fewest > 1);
        further || self.other_backend.is_some() || self.amplification_max.is_some_and(|most| most > 1.0)
    }

    fn failure_is_proof(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        if *self == Attempts::default() {
            return Some(
                "it has no bound: set one of `max`, `min`, `exactly`, `other_backend`, `amplification_max`"
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
}
