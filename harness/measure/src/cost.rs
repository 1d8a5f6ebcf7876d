//! What a request costs behind the gateway: calls, bytes, and work that nobody got anything of.

use evidence::{Entry, Tag};

use crate::aside::SetAside;
use crate::view::{Sight, View};

/// Requests that are kept by their tags: those with the most calls.
const KEPT: usize = 5;

/// Standard errors from the mean to the end of its interval: chance leaves it once in 15 000 times.
const ERRORS: f64 = 4.0;

/// A figure of each request, as its mean over all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mean {
    count: u64,
    sum: f64,
    squares: f64,
}

impl Mean {
    /// Adds the figure of one request.
    pub fn add(&mut self, figure: f64) {
        self.count += 1;
        self.sum += figure;
        self.squares += figure * figure;
    }

    /// The mean; None of no request.
    pub fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// The interval in which the mean lies if as many other requests were sent: four standard errors to each side.
    pub fn interval(&self) -> (f64, f64) {
        let Some(mean) = self.value() else { return (0.0, f64::INFINITY) };
        let variance = (self.squares / self.count as f64 - mean * mean).max(0.0);
        let error = ERRORS * (variance / self.count as f64).sqrt();
        ((mean - error).max(0.0), mean + error)
    }
}

/// What one request cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spent {
    /// Attempts that arrived.
    pub calls: u64,
    /// Bytes of bodies that went to the backends and came from them.
    pub bytes: u64,
    /// Attempts whose answer the client did not get.
    pub wasted: u64,
}

impl Spent {
    /// What a request cost.
    pub fn of(entry: &Entry<'_>) -> Self {
        let exchange = entry.exchange;
        let got = exchange.answered_by_backend().then_some(exchange.attempt);
        let mut spent = Spent { calls: 0, bytes: 0, wasted: 0 };
        for attempt in entry.attempts {
            spent.calls += 1;
            spent.bytes = spent.bytes.saturating_add(attempt.received).saturating_add(attempt.answer_bytes);
            spent.wasted += u64::from(got != Some(attempt.number));
        }
        spent
    }
}

/// What the requests of a view cost.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// Requests that were sent and counted.
    pub requests: u64,
    /// Calls for each request.
    pub calls: Mean,
    /// Bytes for each request.
    pub bytes: Mean,
    /// Wasted calls for each request.
    pub wasted: Mean,
    /// What each request costs, in the unit of the prices.
    pub money: Mean,
    /// Those with the most calls.
    pub dearest: Vec<(Tag, Spent)>,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

impl Cost {
    /// Measures it, with what a call and a byte cost.
    pub fn of(view: &View<'_>, call: f64, byte: f64) -> Self {
        let mut cost = Cost::default();
        for entry in view.entries().filter(|entry| entry.exchange.was_sent()) {
            if let Some(why) = view.why_apart(&entry, Sight::COUNTS) {
                cost.set_aside.note(why, entry.exchange);
                continue;
            }
            let spent = Spent::of(&entry);
            cost.requests += 1;
            cost.calls.add(spent.calls as f64);
            cost.bytes.add(spent.bytes as f64);
            cost.wasted.add(spent.wasted as f64);
            cost.money.add(spent.calls as f64 * call + spent.bytes as f64 * byte);
            cost.keep(entry.exchange.tag, spent);
        }
        cost
    }

    fn keep(&mut self, tag: Tag, spent: Spent) {
        let place = self.dearest.partition_point(|(_, kept)| kept.calls >= spent.calls);
        if place < KEPT {
            self.dearest.insert(place, (tag, spent));
            self.dearest.truncate(KEPT);
        }
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    #[test]
    fn calls_bytes_and_what_nobody_got_are_counted_for_each_request() {
        let run = Run::new().phase("p", 1.0).backend("a").class("reads", Method::Get);
        let bytes = |attempt: Try| attempt.row(|row| (row.received, row.answer_bytes) = (10, 90));
        let once = Call::due("reads", 10.0).attempt(bytes(Try::ok("a")));
        let twice =
            Call::due("reads", 20.0).attempt(bytes(Try::ok("a").status(503))).attempt(bytes(Try::ok("a")));
        let shed = Call::due("reads", 30.0);
        run.call(once).call(twice).call(shed).view("p", "", |view| {
            let cost = Cost::of(view, 2.0, 0.1);
            assert_eq!((cost.calls.value(), cost.bytes.value()), (Some(1.0), Some(100.0)));
            assert_eq!((cost.wasted.value(), cost.money.value()), (Some(1.0 / 3.0), Some(12.0)));
            assert_eq!(cost.dearest[0].1, Spent { calls: 2, bytes: 200, wasted: 1 });
        });
    }

    #[test]
    fn what_is_the_same_for_each_request_is_certain_and_what_differs_is_not() {
        let mut mean = Mean::default();
        (0..100).for_each(|_| mean.add(2.0));
        assert_eq!(mean.interval(), (2.0, 2.0));
        (0..100).for_each(|_| mean.add(1.0));
        let (low, high) = mean.interval();
        assert!(low < 1.5 && 1.3 < low && high > 1.5 && high < 1.7, "{low} to {high}");
        assert_eq!(Mean::default().interval(), (0.0, f64::INFINITY));
    }
}
