//! `backoff`: how long the gateway waits before it tries again.

mod foresight;
#[cfg(test)]
mod tests;
mod waits;

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

/// How far a wait may be off where none is demanded: what a new connection takes on a machine that does other things too.
const NONE: Duration = Duration::from_millis(10);

/// Further attempts wait as long as the backoff says, and jitter is really drawn.
///
/// # What it checks
/// The gap from the moment at which an attempt had failed (answered, ended, or given up) to the arrival of the next
/// attempt for the same request, anywhere in the pool. The gaps before each attempt are judged by themselves: at least 99
/// in 100 must lie where the backoff puts them, give or take `tolerance`:
///
/// - `none = true`: shorter than `tolerance`.
/// - `fixed = "100ms"`: that long.
/// - `exponential = { base, factor, max }`: `base` before the second attempt, then `factor` times as long each time
///   (2 without it), up to `max`. That waits grow must have been seen: it takes a third attempt.
/// - `full_jitter = { base, factor, max }`: between zero and that length, and each length as likely as any other, by
///   their distance from an even spread (Kolmogorov–Smirnov), their shortest and their longest.
///
/// `tolerance` is a tenth of the wait unless it is set, and 10 ms at least, but never more than half the wait.
///
/// # Why it matters
/// Retries without a wait hit an upstream that is already failing; retries without jitter come back all at once.
///
/// # When it can't tell
/// Inconclusive if too few gaps were seen to exclude that one in twenty is off (it takes about 60; for jitter about 120
/// before the second attempt), if `tolerance` is as long as the wait, so that a gateway that does not wait lies within it,
/// or if jitter has too short a range to have a shape. Set aside are: gaps of requests of which a refused connection may
/// hide attempts, gaps before which the gateway left the failed attempt open, since nobody can see when it gave up, and
/// gaps that a stall of the machine touches, if they could lie on either side of a bound. Later attempts of which there
/// are too few to judge by themselves are judged together, and named. `max` is only seen if waits get as long.
///
/// # Example
/// ```toml
/// [[expect]]
/// in      = "brownout"
/// backoff = { full_jitter = { base = "100ms", max = "1s" } }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backoff {
    /// True: further attempts follow at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub none: bool,
    /// The same wait each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<Timespan>,
    /// Waits that grow, without jitter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exponential: Option<Growth>,
    /// Waits that are drawn evenly between zero and a length that grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_jitter: Option<Growth>,
    /// How far a gap may be off; without it a tenth of the wait, and 10 ms at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Timespan>,
}

/// Waits that grow: `base` first, then `factor` times as long each time, up to `max`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// The wait before the second attempt.
    pub base: Timespan,
    /// By how much each further wait is longer, from 1 to 100.
    #[serde(default = "double")]
    pub factor: f64,
    /// The longest wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Timespan>,
}

fn double() -> f64 {
    2.0
}

impl Expectation for Backoff {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        waits::claims(self, view)
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        foresight::forecast(self, outlook)
    }

    fn needs_fault(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        let chosen =
            [self.none, self.fixed.is_some(), self.exponential.is_some(), self.full_jitter.is_some()];
        if chosen.into_iter().filter(|chosen| *chosen).count() != 1 {
            return Some(
                "`backoff` needs exactly one of `none = true`, `fixed`, `exponential` and `full_jitter`"
                    .into(),
            );
        }
        let growth = self.exponential.or(self.full_jitter)?;
        if !(1.0..=100.0).contains(&growth.factor) {
            return Some(format!("`factor` must be from 1 to 100, not {}", growth.factor));
        }
        growth
            .max
            .filter(|max| *max < growth.base)
            .map(|max| format!("`max` ({max}) is shorter than `base` ({})", growth.base))
    }
}

impl Growth {
    /// The wait before attempt `nth + 1`.
    fn wait(&self, nth: usize) -> Duration {
        let max = self.max.map_or(f64::MAX, |max| max.as_secs_f64());
        let exponent = i32::try_from(nth.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = (self.base.as_secs_f64() * self.factor.powi(exponent)).min(max);
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    fn words(&self) -> String {
        let max = self.max.map(|max| format!(", up to {max}")).unwrap_or_default();
        format!("{} × {} each time{max}", self.base, self.factor)
    }
}

impl Backoff {
    /// From what to what gap number `nth` may last, without the tolerance.
    fn range(&self, nth: usize) -> (Duration, Duration) {
        let none = Duration::ZERO;
        match (self.fixed, self.exponential, self.full_jitter) {
            (Some(fixed), _, _) => (*fixed, *fixed),
            (_, Some(growth), _) => (growth.wait(nth), growth.wait(nth)),
            (_, _, Some(growth)) => (none, growth.wait(nth)),
            _ => (none, none),
        }
    }

    /// How far gap number `nth` may be off.
    fn tolerance_of(&self, nth: usize) -> Duration {
        let (_, longest) = self.range(nth);
        match self.tolerance {
            None if longest.is_zero() => NONE,
            asked => tolerance::of(asked, longest),
        }
    }

    /// Where gap number `nth` must lie.
    fn bounds(&self, nth: usize) -> Bounds {
        let (low, high) = self.range(nth);
        Bounds::new(low, high, self.tolerance_of(nth))
    }

    /// True if a gateway that does not wait at all lies within the bounds of a wait that is demanded.
    fn allows_no_wait(&self) -> bool {
        let (low, _) = self.range(1);
        !low.is_zero() && low <= self.tolerance_of(1)
    }

    fn demanded(&self) -> String {
        let wait = match (self.fixed, self.exponential, self.full_jitter) {
            (Some(fixed), _, _) => format!("each waits {fixed}"),
            (_, Some(growth), _) => format!("waits grow: {}", growth.words()),
            (_, _, Some(growth)) => format!("waits are drawn evenly from zero to a cap: {}", growth.words()),
            _ => "further attempts follow at once".into(),
        };
        match self.tolerance {
            Some(tolerance) => format!("{wait}; tolerance {tolerance}"),
            None if self.none => format!("{wait}; tolerance {}", Timespan(NONE)),
            None => format!("{wait}; tolerance a tenth, {} for the first", Timespan(self.tolerance_of(1))),
        }
    }
}
