//! `timeout`: which timer ended what hung, when it fired, and how accurately.

mod foresight;
mod per_try;
mod status;
#[cfg(test)]
mod tests;
mod total;

use std::time::Duration;

use measure::bounds::Bounds;
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use super::Expectation;
use crate::claim::Claim;
use crate::forecast::{Forecast, Outlook};
use crate::tolerance;

/// A share of observations that a pass excludes: 59 clean ones do.
const REFUTED: f64 = 0.05;

/// An answer that was ready before the timer may fire is no sign of the timer: an attempt counts as held if it would have
/// lasted so much longer than the latest that the timer may fire.
const BEYOND: Duration = Duration::from_millis(10);

/// Attempts that hang are given up on time, and so is the request as a whole.
///
/// # What it checks
/// `per_try`: every attempt that a fault held for longer than the timer is given up by the gateway after `per_try`, give
/// or take `tolerance`: neither later, nor earlier, nor never. It is measured at the backend, from the arrival until the
/// gateway walks away; a gateway that leaves the connection open gives up when it answers the client itself or sends the
/// next attempt. An attempt that the timer for the whole request cut short says nothing, where that timer is declared: by
/// `total` here, or by the policy. Where it is not, an attempt that is given up early is early.
///
/// `total`: a request that would last longer ends after `total`, give or take `tolerance`, over all its attempts: not
/// later, and not earlier either unless a per-try timer ended its last attempt.
///
/// `status`: what the client sees once a timer has ended its request.
///
/// One observation in a hundred may be off; more fail as soon as chance does not explain them. `tolerance` is a tenth of
/// the timer unless it is set, and 10 ms at least.
///
/// # Why it matters
/// A timer that does not fire holds a connection and a worker for each hung request; one slow upstream then takes
/// the whole gateway down. One that fires early turns slow answers into errors.
///
/// # When it can't tell
/// Inconclusive if no attempt was held for longer than the timer (for `total`: if no request would have lasted as long),
/// or if too few were to exclude that one in twenty is off: it takes about 60. An observation that a stall of the machine
/// touches is set aside if it could lie on either side of a bound, and so is one of a request that its client itself held up
/// (a slow upload, an answer that it let wait) by as much; the others count. Attempts that a client's leaving
/// cut short are set aside, and so are those that were overtaken by another attempt of the same request, and requests of
/// which a refused connection may hide the last attempt from `status`.
///
/// # Example
/// ```toml
/// [[expect]]
/// in      = "hang"
/// timeout = { per_try = "300ms", total = "2s", status = [504] }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeout {
    /// How long the gateway waits for the answer of one attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_try: Option<Timespan>,
    /// How long a request may take as a whole, over all its attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Timespan>,
    /// How far a timer may be off; without it a tenth of the timer, and 10 ms at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Timespan>,
    /// What the client may see when a timer has ended its request; anything without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Vec<u16>>,
}

impl Expectation for Timeout {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let timers = Timers::of(self, view);
        let mut claims = Vec::new();
        if let Some(timer) = self.per_try {
            claims.extend(per_try::claims(&timers, *timer, view));
        }
        if let Some(timer) = self.total {
            claims.push(total::claim(&timers, *timer, view));
        }
        claims.extend(self.status.as_deref().map(|allowed| status::claim(&timers, allowed, view)));
        claims
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        foresight::forecast(self, outlook)
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        if self.per_try.is_none() && self.total.is_none() {
            return Some("`timeout` needs `per_try`, `total` or both".into());
        }
        let timers = [("per_try", self.per_try), ("total", self.total)];
        let zero = timers.into_iter().find(|(_, timer)| timer.is_some_and(|timer| timer.is_zero()));
        if let Some((name, _)) = zero {
            return Some(format!("`{name}` must be longer than nothing"));
        }
        if let Some(tolerance) = self.tolerance {
            let hidden = timers.into_iter().find(|(_, timer)| timer.is_some_and(|timer| timer <= tolerance));
            if let Some((name, _)) = hidden {
                return Some(format!("`{name}` must be longer than `tolerance` ({tolerance})"));
            }
        }
        self.status
            .as_ref()
            .filter(|allowed| allowed.is_empty())
            .map(|_| "`status` must name at least one status".into())
    }
}

impl Timeout {
    fn tolerance_of(&self, timer: Duration) -> Duration {
        tolerance::of(self.tolerance, timer)
    }

    fn bounds(&self, timer: Duration) -> Bounds {
        Bounds::new(timer, timer, self.tolerance_of(timer))
    }
}

/// The timers that may end an attempt or a request, with where each must fire. What the expectation says comes first; of
/// what it does not say, the policy tells.
struct Timers<'s> {
    settings: &'s Timeout,
    per_try: Option<Bounds>,
    total: Option<Bounds>,
}

impl<'s> Timers<'s> {
    fn of(settings: &'s Timeout, view: &View<'_>) -> Self {
        let declared = &view.brief.policy.timeout;
        let bounds = |timer: Option<Timespan>| timer.map(|timer| settings.bounds(*timer));
        Timers {
            settings,
            per_try: bounds(settings.per_try.or(declared.per_try)),
            total: bounds(settings.total.or(declared.total)),
        }
    }

    /// `300 ms ± 30 ms`.
    fn words(&self, timer: Duration) -> String {
        format!("{} ± {}", Timespan(timer), Timespan(self.settings.tolerance_of(timer)))
    }
}

fn any_of(statuses: &[u16]) -> String {
    statuses.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ")
}
