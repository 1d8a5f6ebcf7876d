//! What a closed breaker keeps in mind: failures in a row, or those of a window.
//!
//! Two things that gateways disagree on are settled here. A result belongs to the window for less than its length: one
//! that is exactly as old as the window is long has left it. And a breaker that closes starts with nothing in mind, so
//! that the probe which closed it counts neither towards a share nor towards the fewest requests that a share takes.

use std::collections::VecDeque;

use units::Moment;

use policy::REMEMBERED_MAX;
use policy::Trip;

/// The results that decide whether a breaker opens. Pure: it reads no clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent {
    in_a_row: u32,
    /// Results of the window, oldest first: when, and whether it was a failure. The oldest are forgotten past
    /// [`REMEMBERED_MAX`], which bounds the memory.
    results: VecDeque<(Moment, bool)>,
    failures: u32,
}

impl Recent {
    /// Notes a result.
    pub(crate) fn note(&mut self, trip: &Trip, now: Moment, failed: bool) {
        self.in_a_row = if failed { self.in_a_row.saturating_add(1) } else { 0 };
        let Some(within) = trip.within else { return };
        while let Some(&(at, _)) = self.results.front()
            && now.since(at) >= *within
        {
            self.forget_oldest();
        }
        // Successes matter to a share alone.
        if failed || trip.share.is_some() {
            self.results.push_back((now, failed));
            self.failures += u32::from(failed);
        }
        if self.results.len() > REMEMBERED_MAX as usize {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, failed)) = self.results.pop_front() {
            self.failures -= u32::from(failed);
        }
    }

    /// True if the noted results are too bad.
    pub(crate) fn trips(&self, trip: &Trip) -> bool {
        let in_a_row = trip.consecutive.is_some_and(|most| self.in_a_row >= most.max(1));
        let count = trip.count.is_some_and(|most| self.failures >= most.max(1));
        let seen = self.results.len();
        let enough = seen >= trip.min.unwrap_or(1).max(1) as usize;
        let share = trip.share.is_some_and(|share| {
            enough && self.failures > 0 && f64::from(self.failures) >= share.get() * seen as f64
        });
        in_a_row || count || share
    }
}
