//! How many requests have all their first attempts fail, by the faults that are planned where they go.

use measure::brief::{FaultDoes, InjectionBrief};
use policy::Backoff;
use units::Stretch;

use super::Outlook;

impl Outlook<'_> {
    /// Requests whose first `count` attempts all meet a fault that `counts`, on average.
    ///
    /// A breaker that is open shields its backend from them.
    pub fn failing(&self, count: u16, counts: impl Fn(FaultDoes) -> bool + Copy) -> Option<f64> {
        let all = |segment| self.all_fail(segment, count, counts, count);
        Some(self.requests()? * self.over_segments(all))
    }

    /// The same of those that the timer for the whole request leaves time to try once more.
    pub fn failing_in_time(&self, count: u16, counts: impl Fn(FaultDoes) -> bool + Copy) -> Option<f64> {
        let all = |segment| self.all_fail(segment, count, counts, self.slow_max(count));
        Some(self.requests()? * self.over_segments(all))
    }

    /// The same of those that find another backend in use to try at.
    pub fn failing_beside(&self, count: u16, counts: impl Fn(FaultDoes) -> bool + Copy) -> Option<f64> {
        let all = |segment| {
            self.somewhere_else(segment) * self.all_fail(segment, count, counts, self.slow_max(count))
        };
        Some(self.requests()? * self.over_segments(all))
    }

    /// How many of `count` attempts may last until the per-try timer ends them, before the one for the whole request does.
    fn slow_max(&self, count: u16) -> u16 {
        let timeout = &self.brief.policy.timeout;
        let (Some(total), Some(per_try)) = (timeout.total, timeout.per_try) else { return count };
        let backoff = self.brief.policy.retry.as_ref().and_then(|retry| retry.backoff.as_ref());
        let waits: f64 = backoff.map_or(0.0, |backoff| (1..count).map(|nth| mean_wait(backoff, nth)).sum());
        let left = (total.as_secs_f64() - waits) / per_try.as_secs_f64().max(1e-9);
        // What would last exactly as long is cut off.
        ((left - 1e-9).max(0.0).floor() as u16).min(count)
    }

    /// The probability, in a segment, that a request's first `count` attempts all meet a fault that `counts`, of which at
    /// most `slow_max` last until a timer ends them.
    fn all_fail(
        &self,
        segment: Stretch,
        count: u16,
        counts: impl Fn(FaultDoes) -> bool + Copy,
        slow_max: u16,
    ) -> f64 {
        let backends = self.brief.backends.len();
        let other = self.brief.policy.retry.as_ref().is_none_or(|retry| retry.other_backend) && backends > 1;
        let weights: Vec<f64> = (0..backends).map(|backend| self.share_of(backend)).collect();
        let met = |slow: bool| {
            move |one: &InjectionBrief| {
                one.outline.is_some_and(|outline| counts(outline.does) && self.is_slow(outline.does) == slow)
            }
        };
        // By backend: the probability that an attempt fails there, at once or slowly.
        let hits = |number: u16| -> Vec<[f64; 2]> {
            let in_use = |backend| self.in_use(backend, segment);
            let hit = |backend, slow| self.given(backend, number, segment, met(slow)) * in_use(backend);
            (0..backends).map(|backend| [hit(backend, false), hit(backend, true)]).collect()
        };
        let first = hits(1);
        // A gateway that never goes back to a backend needs as many of them that fail.
        let faulty = first.iter().filter(|hit| hit[0] + hit[1] > 0.0).count();
        if other && usize::from(count) <= backends && faulty < usize::from(count) {
            return 0.0;
        }
        // By the number of slow ones, and the backend of the last: the probability that all so far failed.
        let slowest = usize::from(slow_max);
        let mut failed = vec![vec![0.0; backends]; slowest + 1];
        let arriving = |reaching: &[Vec<f64>], hits: &[[f64; 2]]| -> Vec<Vec<f64>> {
            let at = |slow: usize, backend: usize| {
                let before = slow.checked_sub(1).map_or(0.0, |before| reaching[before][backend]);
                reaching[slow][backend] * hits[backend][0] + before * hits[backend][1]
            };
            (0..=slowest).map(|slow| (0..backends).map(|backend| at(slow, backend)).collect()).collect()
        };
        failed[0].clone_from(&weights);
        failed = arriving(&failed, &first);
        for number in 2..=count.max(1) {
            let passed = |row: &Vec<f64>| -> Vec<f64> {
                (0..backends).map(|next| passed_on(row, &weights, other, next)).collect()
            };
            let reaching: Vec<Vec<f64>> = failed.iter().map(passed).collect();
            failed = arriving(&reaching, &hits(number));
        }
        failed.iter().flatten().sum()
    }

    /// True if an attempt that meets it lasts until a timer ends it.
    fn is_slow(&self, does: FaultDoes) -> bool {
        match does {
            FaultDoes::Hangs => true,
            FaultDoes::Delays { most, .. } => {
                self.brief.policy.timeout.per_try.is_some_and(|per_try| most > per_try)
            }
            _ => false,
        }
    }
}

/// What of the failed attempts at all backends is tried again at one: elsewhere only, where the gateway goes to another one.
fn passed_on(failed: &[f64], weights: &[f64], other: bool, next: usize) -> f64 {
    let from = failed.iter().enumerate().map(|(last, failed)| {
        let rest = if other { 1.0 - weights[last] } else { 1.0 };
        match rest {
            _ if other && last == next => 0.0,
            rest if rest > 0.0 => failed * weights[next] / rest,
            _ => *failed,
        }
    });
    from.sum()
}

/// The wait before attempt `nth + 1` in seconds, on average.
fn mean_wait(backoff: &Backoff, nth: u16) -> f64 {
    let longest = backoff.max.map_or(f64::MAX, |max| max.as_secs_f64());
    let full = (backoff.base.as_secs_f64() * backoff.factor.powi(i32::from(nth) - 1)).min(longest);
    if backoff.jitter { full / 2.0 } else { full }
}
