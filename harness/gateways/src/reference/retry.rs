//! Whether a request is tried again, and after how long.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, StatusCode};
use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use super::attempt::Failure;
use super::headers;
use super::settings::{Asked, Forms, Retry};
use policy::{Backoff, RetryOn};
use units::Moment;

/// The longest wait, for a backoff that names none: past it, a factor would soon mean years.
pub(super) const WAIT_MAX: Duration = Duration::from_hours(1);

impl Retry {
    /// True if a request of `method` is tried again, when its attempt number `made` ended in `result`.
    pub(crate) fn wants(&self, method: &Method, made: u32, result: Result<StatusCode, Failure>) -> bool {
        made < self.attempts
            && self.repeats(method)
            && condition(result).is_some_and(|met| self.on.contains(&met))
    }

    fn repeats(&self, method: &Method) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.iter().any(|name| name == method.as_str()))
    }

    /// How long to wait after attempt number `made`, from 1.
    pub(crate) fn wait(&self, made: u32, draws: &mut Pcg64Mcg) -> Duration {
        let Some(backoff) = &self.backoff else {
            return Duration::ZERO;
        };
        let full = full(backoff, made);
        if !backoff.jitter {
            return full;
        }
        Duration::from_nanos(draws.random_range(0..=full.as_nanos() as u64))
    }
}

impl Retry {
    /// True if a wait that was asked for ends at `until` only, when nobody waits for the answer any more.
    pub(crate) fn is_in_vain(&self, until: Moment, total: Option<Moment>) -> bool {
        let gives_up = self.asked.is_some_and(|asked| !asked.in_vain);
        gives_up && total.is_some_and(|total| until >= total)
    }
}

impl Asked {
    /// How long an answer asks to wait, at `now` by the calendar, as far as that is obeyed.
    pub(crate) fn wait(&self, answer: &HeaderMap, now: SystemTime) -> Option<Duration> {
        let asked = match self.forms {
            Forms::Both => headers::retry_after(answer, now),
            Forms::Seconds => headers::retry_after_seconds(answer),
        };
        asked.map(|asked| asked.min(self.max))
    }
}

/// base · factor^(made − 1), up to the longest wait.
fn full(backoff: &Backoff, made: u32) -> Duration {
    let max = backoff.max.map_or(WAIT_MAX, |max| max.0.min(WAIT_MAX));
    let power = i32::try_from(made.saturating_sub(1)).unwrap_or(i32::MAX);
    let nanos = backoff.base.as_nanos() as f64 * backoff.factor.powi(power);
    // Written so that infinity, and what is no number, end at the longest wait.
    if nanos < max.as_nanos() as f64 { Duration::from_nanos(nanos as u64) } else { max }
}

/// The condition that a result meets. What is not HTTP meets none: trying again is for failures that pass.
fn condition(result: Result<StatusCode, Failure>) -> Option<RetryOn> {
    match result {
        Ok(status) => Some(RetryOn::Status(status.as_u16())),
        Err(Failure::Connect) => Some(RetryOn::ConnectFailure),
        Err(Failure::Reset) => Some(RetryOn::Reset),
        Err(Failure::PerTry) => Some(RetryOn::Timeout),
        Err(Failure::Invalid | Failure::Total) => None,
    }
}

#[cfg(test)]
mod tests {
    use units::Timespan;

    use super::*;

    fn backoff(base: u64, factor: f64, max: Option<u64>) -> Backoff {
        let max = max.map(Timespan::from_millis);
        Backoff { base: Timespan::from_millis(base), factor, max, jitter: false }
    }

    #[test]
    fn waits_grow_by_the_factor_and_stop_growing_at_the_longest() {
        let of = |backoff: &Backoff| -> Vec<u128> {
            (1..=4).map(|made| full(backoff, made).as_millis()).collect()
        };
        assert_eq!(of(&backoff(25, 2.0, None)), [25, 50, 100, 200]);
        assert_eq!(of(&backoff(25, 2.0, Some(80))), [25, 50, 80, 80]);
        assert_eq!(of(&backoff(25, 1.0, None)), [25; 4]);
        assert_eq!(of(&backoff(10, 1.5, None)), [10, 15, 22, 33]);
    }

    #[test]
    fn no_number_makes_a_wait_longer_than_an_hour() {
        for factor in [2.0, f64::MAX, f64::INFINITY, f64::NAN] {
            assert!(full(&backoff(1000, factor, None), u32::MAX) <= WAIT_MAX, "{factor}");
        }
    }
}
