//! What shows groups of backends: the first one fails, and the next one takes over.

use policy::RetryOn;
use units::Timespan;

use super::{On, Planning, RATE, seconds, written};

/// For so many seconds the next group has to have the traffic: 29 requests come a second, and `failover` needs about 71.
const TAKEN_OVER: f64 = 3.0;

impl Planning<'_> {
    /// The next group takes over while the first one is left alone.
    pub(super) fn groups(&mut self, open_for: Timespan, needed: u32, fault: RetryOn) {
        let seconds_open = open_for.0.as_secs_f64();
        // All of the first group has to fail so often before the next one takes over.
        let until_open = f64::from(needed) * self.pool.members as f64 / RATE.1;
        let within = seconds((seconds_open * 0.2).max(until_open).clamp(1.0, 5.0));
        let length = seconds(seconds_open * 0.8);
        if length.saturating_sub(within.0).as_secs_f64() < TAKEN_OVER {
            let words = format!(
                "of the groups nothing is shown: the first one is back after {open_for}, too soon to see the next one take over"
            );
            return self.proof.unshown.push(words);
        }
        let name = "first-group-fails";
        self.outage(name, length.as_secs_f64(), written(fault), On::FirstGroup);
        self.proof.failover_in = Some((name.to_owned(), within));
    }
}
