//! `latency`: how long requests take, as quantiles.

mod bound;
#[cfg(test)]
mod tests;

use std::time::Duration;

use measure::response::{Since, Times};
use measure::view::View;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Timespan;

use self::bound::Bound;
use super::Expectation;
use crate::claim::Claim;
use crate::forecast::{Forecast, Outlook};
use crate::settling::left_out;

/// Requests do not take longer than given bounds, quantile by quantile.
///
/// # What it checks
/// The 50th, 90th, 99th and 99.9th percentile and the largest time of all requests that were due in the window and
/// sent, however they ended. `of = "response"` (the default) counts from when the request was due, so that a gateway
/// that stalls makes every request that waited behind it late; `of = "service"` counts from when it was sent.
///
/// `p99 = "400ms"` says that at most one request in 100 takes longer. It fails if more are proven to, and passes if
/// that is excluded with 95 %; `max` is broken by a single one. The interval of each percentile is printed.
///
/// # Why it matters
/// A slow backend that is not cut off makes every user of the gateway wait, also those whom it does not concern.
///
/// # When it can't tell
/// To pass, p99 takes 299 requests if none of them is over the bound, and more if some are; p90 takes 29. A request that
/// is over the bound by less than brownout itself may have delayed it (a stall of the machine that it met, the
/// driver's lag, the error of a planned delay) is set aside, and so is one whose client left before the bound was
/// reached: no bound beyond the client's deadline can be told. So is one that its client itself held up by as much (a slow
/// upload, an answer that it let wait). More than a tenth of such requests leave it open.
/// Closed-loop traffic slows down with the gateway and hides queueing; the finding says so.
///
/// # Example
/// ```toml
/// [[expect]]
/// in      = "slow-upstream"
/// traffic = "reads"
/// latency = { p50 = "50ms", p99 = "400ms", of = "response" }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The longest median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<Timespan>,
    /// The longest 90th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90: Option<Timespan>,
    /// The longest 99th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<Timespan>,
    /// The longest 99.9th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p999: Option<Timespan>,
    /// The longest time that any request takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Timespan>,
    /// Which time.
    #[serde(default)]
    pub of: Time,
}

/// Which time of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Time {
    /// From when it was due to its end: what a user waits.
    #[default]
    Response,
    /// From when it was sent to its end: what the gateway takes.
    Service,
}

impl Time {
    fn since(self) -> Since {
        match self {
            Time::Response => Since::Due,
            Time::Service => Since::Sent,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Time::Response => "response time",
            Time::Service => "service time",
        }
    }
}

impl Expectation for Latency {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let bounds = self.bounds();
        let lengths: Vec<Duration> = bounds.iter().map(|bound| bound.longest).collect();
        let times = Times::due_in(view, view.stretch, self.of.since(), &lengths);
        let beside = format!("{}{}", closed_loop(view), left_out(view));
        let claims = bounds.iter().zip(&times.against).map(|(bound, against)| {
            let claim = bound.claim(self.of.word(), &times, against, view);
            let because = format!("{}{beside}", claim.because);
            claim.because(because)
        });
        claims.collect()
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        self.bounds().iter().flat_map(|bound| bound.forecast(outlook)).collect()
    }

    fn problem(&self) -> Option<String> {
        self.bounds()
            .is_empty()
            .then(|| "it has no bound: set one of `p50`, `p90`, `p99`, `p999`, `max`".into())
    }
}

impl Latency {
    fn bounds(&self) -> Vec<Bound> {
        let bounds = [
            ("p50", 0.5, self.p50),
            ("p90", 0.9, self.p90),
            ("p99", 0.99, self.p99),
            ("p999", 0.999, self.p999),
            ("max", 1.0, self.max),
        ];
        let set = bounds
            .into_iter()
            .filter_map(|(name, quantile, bound)| Some(Bound { name, quantile, longest: bound?.0 }));
        set.collect()
    }
}

/// A word on traffic that slows down with the gateway, if there is any among what is looked at.
fn closed_loop(view: &View<'_>) -> String {
    let classes = view.brief.traffic.iter().enumerate();
    let mut closed = classes.filter(|(index, class)| !class.open_loop && view.takes(*index as u16));
    closed
        .next()
        .map(|(_, class)| format!("; `{}` is closed-loop traffic, which hides queueing", class.name))
        .unwrap_or_default()
}
