//! When the failures that a backend showed were enough to open its breaker.

use std::collections::VecDeque;
use std::time::Duration;

use units::Moment;

use super::TripsAfter;
use crate::reconstruct::{Arrival, Told};

/// What was told of a backend, in the order in which it became known.
pub(super) fn results(arrivals: &[Arrival]) -> Vec<Arrival> {
    let told = arrivals.iter().filter(|arrival| arrival.told != Told::Nothing);
    let mut results: Vec<Arrival> = told.copied().collect();
    results.sort_by_key(|arrival| (arrival.known, arrival.at));
    results
}

/// How much more than the plain condition a breaker may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leeway {
    /// Processes that count for themselves.
    pub workers: u32,
    /// Failures more.
    pub slack: u32,
    /// The gateway may have learnt of two results in the other order if they are no further apart than this.
    pub blur: Duration,
}

impl TripsAfter {
    /// When every gateway that counts as demanded had opened, or nothing if it had no reason to.
    pub(super) fn must_be_open_at(&self, results: &[Arrival], leeway: Leeway) -> Option<Moment> {
        let enough = |count: u32| {
            let count = u64::from(count) * u64::from(leeway.workers) + u64::from(leeway.slack);
            usize::try_from(count.max(1)).unwrap_or(usize::MAX)
        };
        match (self.consecutive, self.count, self.share) {
            (Some(count), _, _) => in_a_row(results, enough(count), leeway.blur),
            (_, Some(count), _) => within(results, enough(count), self.window()),
            (_, _, Some(share)) => self.by_share(results, share.get(), leeway),
            _ => None,
        }
    }

    /// False if no gateway that counts as demanded could have opened, in whatever order it learnt of results that
    /// came close together.
    pub(super) fn may_be_open(&self, results: &[Arrival], blur: Duration) -> bool {
        let failures = failures(results);
        let enough = |count: u32| count.max(1) as usize;
        match (self.consecutive, self.count, self.share) {
            (Some(count), _, _) => {
                let successes = results.iter().filter(|result| result.told == Told::Success);
                let successes: Vec<Moment> = successes.map(|result| result.known).collect();
                failures.windows(enough(count)).any(|run| {
                    let (first, last) = (run[0] + blur, run[run.len() - 1] - blur);
                    let next = successes.get(successes.partition_point(|success| *success <= first));
                    next.is_none_or(|success| *success >= last)
                })
            }
            (_, Some(count), _) => {
                within(results, enough(count), self.window().saturating_add(blur)).is_some()
            }
            (_, _, Some(share)) => failures.len() as f64 >= share.get() * f64::from(self.min.unwrap_or(1)),
            _ => true,
        }
    }

    /// How far back results count.
    pub(super) fn window(&self) -> Duration {
        self.within.map_or(Duration::MAX, |within| *within)
    }

    fn by_share(&self, results: &[Arrival], share: f64, leeway: Leeway) -> Option<Moment> {
        let min = self.min.unwrap_or(1).max(1) as usize * leeway.workers as usize;
        let (mut start, mut failed) = (0, 0);
        let reached = results.iter().enumerate().position(|(end, result)| {
            failed += usize::from(result.told == Told::Failure);
            while result.known.since(results[start].known) > self.window() {
                failed -= usize::from(results[start].told == Told::Failure);
                start += 1;
            }
            let count = end + 1 - start;
            count >= min && failed as f64 >= share * count as f64
        })?;
        let further = failures(&results[reached..]);
        further.get(leeway.slack as usize).copied()
    }
}

fn failures(results: &[Arrival]) -> Vec<Moment> {
    results.iter().filter(|result| result.told == Told::Failure).map(|result| result.known).collect()
}

/// When `count` failures in a row were known, with no success near enough to have come between them.
fn in_a_row(results: &[Arrival], count: usize, blur: Duration) -> Option<Moment> {
    let mut run: Vec<Moment> = Vec::new();
    let mut success: Option<Moment> = None;
    for (index, result) in results.iter().enumerate() {
        if result.told == Told::Success {
            run.clear();
            success = Some(result.known);
            continue;
        }
        run.push(result.known);
        let Some(first) = run.len().checked_sub(count) else {
            continue;
        };
        let before = success.is_some_and(|success| run[first] < success + blur);
        let after = || {
            let soon = results[index + 1..].iter().take_while(|next| next.known <= result.known + blur);
            soon.into_iter().any(|next| next.told == Told::Success)
        };
        if !before && !after() {
            return Some(result.known);
        }
    }
    None
}

/// When `count` failures were known within a window.
fn within(results: &[Arrival], count: usize, window: Duration) -> Option<Moment> {
    let mut recent: VecDeque<Moment> = VecDeque::new();
    for failure in failures(results) {
        recent.push_back(failure);
        while recent.front().is_some_and(|first| failure.since(*first) > window) {
            recent.pop_front();
        }
        if recent.len() >= count {
            return Some(failure);
        }
    }
    None
}

/// The longest run of failures.
pub(super) fn longest_run(results: &[Arrival]) -> usize {
    let runs = results.split(|result| result.told == Told::Success);
    runs.map(<[Arrival]>::len).max().unwrap_or(0)
}
