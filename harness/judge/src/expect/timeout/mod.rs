//! `timeout`: which timer ended what hung, when it fired, and how accurately.

mod inquiry;
#[cfg(test)]
mod tests;

use evidence::Ledger;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::{Expectation, Judged};
use crate::reconstruct::{Case, Facts, joined};
use inquiry::Inquiry;
use measure::view::View;

/// With fewer attempts or requests that show a timer, nothing is proven.
const SAMPLES_MIN: u64 = 10;

/// Attempts that hang are given up on time, and so is the request as a whole.
///
/// # What it checks
/// `per_try`: every attempt that a fault held for longer than the timer is abandoned by the gateway after
/// `per_try`, give or take `tolerance`: neither later, nor earlier, nor never. One attempt in a hundred may be off,
/// but none may be left to live. It is measured at the backend, from the arrival to the gateway's walking away, so
/// neither retries nor the client's wait blur it.
///
/// `total`: no request takes longer than `total` plus `tolerance`, over all its attempts. A deadline that is only
/// looked at between attempts is overrun by the last one; the finding says so.
///
/// `status`: what the client may see once a timer has ended its request.
///
/// # Why it matters
/// A timer that does not fire holds a connection and a worker for each hung request; one slow upstream then takes
/// the whole gateway down. One that fires early turns slow answers into errors.
///
/// # When it can't tell
/// Inconclusive if no attempt was held for longer than the timer, if fewer than 10 were, or if brownout's own noise
/// was larger than `tolerance`. Attempts that the client or the end of the whole request cut short show nothing.
///
/// # Example
/// ```toml
/// [[expect]]
/// in      = "hang"
/// timeout = { per_try = "300ms", total = "2s", status = [504] }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeout {
    /// How long the gateway waits for the answer of one attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_try: Option<Timespan>,
    /// How long a request may take as a whole, over all its attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Timespan>,
    /// How far a timer may be off.
    #[serde(default = "tolerance")]
    pub tolerance: Timespan,
    /// What the client may see when a timer has ended its request; anything without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Vec<u16>>,
}

fn tolerance() -> Timespan {
    Timespan::from_millis(50)
}

impl Expectation for Timeout {
    fn judge(&self, _ledger: &Ledger, window: &View<'_>) -> Judged {
        let noise = window.noise().resolution();
        let samples_min = window.place.samples_min.unwrap_or(SAMPLES_MIN);
        let mut inquiry = Inquiry { settings: self, noise, samples_min, case: Case::default() };
        let per_try = self.per_try.map(|timer| inquiry.per_try(*timer, &mut window.entries()));
        let total = self.total.map(|timer| inquiry.total(*timer, &mut window.entries()));
        if let Some(allowed) = &self.status {
            inquiry.status(allowed, &mut window.entries());
        }
        let seen = [per_try, total].into_iter().flatten();
        let (words, counts): (Vec<String>, Vec<u64>) = seen.map(|seen| (seen.observed, seen.count)).unzip();
        let observed = joined(words, "; ");
        inquiry.case.judged(Facts {
            good: format!("what hung was given up on time: {observed}"),
            observed,
            expected: self.demanded(),
            because: "a timer is measured at the backend, from the arrival until the gateway walked away"
                .into(),
            observations: counts.into_iter().min().unwrap_or(0),
            resolution: Facts::resolution_of(noise),
        })
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        if self.per_try.is_none() && self.total.is_none() {
            return Some("`timeout` needs `per_try`, `total` or both".into());
        }
        let timers = [("per_try", self.per_try), ("total", self.total)];
        let hidden = timers.into_iter().find(|(_, timer)| timer.is_some_and(|timer| timer <= self.tolerance));
        if let Some((name, _)) = hidden {
            return Some(format!("`{name}` must be longer than `tolerance` ({})", self.tolerance));
        }
        self.status
            .as_ref()
            .filter(|allowed| allowed.is_empty())
            .map(|_| "`status` must name at least one status".into())
    }
}

impl Timeout {
    fn demanded(&self) -> String {
        let tolerance = self.tolerance;
        let status = self.status.as_ref().map(|allowed| format!("the client sees {}", any_of(allowed)));
        joined(
            [
                self.per_try.map(|timer| format!("attempts are given up after {timer} ± {tolerance}")),
                self.total.map(|timer| format!("requests end within {timer} + {tolerance}")),
                status,
            ]
            .into_iter()
            .flatten(),
            "; ",
        )
    }
}

fn any_of(statuses: &[u16]) -> String {
    joined(statuses.iter().map(u16::to_string), " or ")
}
