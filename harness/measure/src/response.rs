//! How long requests took, as far as that is the gateway's doing.

use std::time::Duration;

use evidence::{Entry, Exchange, Outcome, Tag};
use hdrhistogram::Histogram;
use units::stats::quantile_ranks;
use units::{Moment, Stretch};

use crate::aside::{SetAside, Why};
use crate::histograms::{empty, record};
use crate::view::View;

/// From when a request's time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// From when it was due: what a user waits.
    Due,
    /// From when it was sent: what the gateway takes.
    Sent,
}

impl Since {
    fn start(self, exchange: &Exchange) -> Moment {
        match self {
            Since::Due => exchange.due,
            Since::Sent => exchange.sent,
        }
    }
}

/// The times of a stretch.
#[derive(Clone, Debug)]
pub struct Times {
    /// All that their client did not hold up, in microseconds; of a request that the client left, the time until then.
    pub histogram: Histogram<u64>,
    /// The same, against each bound that was asked for.
    pub against: Vec<Against>,
}

/// The times of a stretch, against one bound.
#[derive(Clone, Debug, Default)]
pub struct Against {
    /// The bound.
    pub bound: Duration,
    /// Times that are told to lie on one side of it.
    pub count: u64,
    /// Those of them beyond it.
    pub over: u64,
    /// The slowest few of them.
    pub slowest: Vec<(Duration, Tag)>,
    /// Those that are not the gateway's, and those of which nobody can tell on which side they lie.
    pub set_aside: SetAside,
}

/// How many of the slowest are kept.
const SLOWEST_KEPT: usize = 5;

impl Times {
    /// The times of the requests that were due in a stretch, of the traffic that the view looks at.
    pub fn due_in(view: &View<'_>, stretch: Stretch, since: Since, bounds: &[Duration]) -> Self {
        let against = bounds.iter().map(|bound| Against { bound: *bound, ..Against::default() });
        let mut times = Times { histogram: empty(), against: against.collect() };
        for entry in view.entries_due(stretch) {
            let exchange = entry.exchange;
            let apart = match exchange.outcome {
                Outcome::Skipped => Some(Why::Lost),
                _ if view.is_at_edge(&entry) => Some(Why::Edge),
                outcome => Why::own(outcome),
            };
            let took = exchange.done.since(since.start(exchange));
            if apart.is_none() && exchange.held == 0 {
                record(&mut times.histogram, took);
            }
            let blur = Blur::of(view, &entry, since);
            for against in &mut times.against {
                match apart.map_or_else(|| blur.side(exchange, took, against.bound), Err) {
                    Ok(over) => against.count(over, took, exchange.tag),
                    Err(why) => against.set_aside.note(why, exchange),
                }
            }
        }
        times
    }

    /// A quantile from 0 to 1 with the interval in which it lies with 95 % (order statistics, to 0.1 %): its most likely
    /// value, its lower and its upper end. An end that the times don't reach is None.
    pub fn quantile(&self, quantile: f64) -> (Duration, Option<Duration>, Option<Duration>) {
        let count = self.histogram.len();
        let at = |part: f64| Duration::from_micros(self.histogram.value_at_quantile(part));
        let ranked = |rank: Option<u64>| rank.map(|rank| at(rank as f64 / count.max(1) as f64));
        let (low, high) = quantile_ranks(count, quantile, 0.95);
        (at(quantile), ranked(low), ranked(high))
    }
}

impl Against {
    fn count(&mut self, over: bool, took: Duration, tag: Tag) {
        self.count += 1;
        if !over {
            return;
        }
        self.over += 1;
        let place = self.slowest.partition_point(|(other, _)| *other >= took);
        if place < SLOWEST_KEPT {
            self.slowest.truncate(SLOWEST_KEPT - 1);
            self.slowest.insert(place, (took, tag));
        }
    }
}

/// By how much brownout itself may have changed the time of one request.
struct Blur {
    /// So much longer, at the most.
    longer: Duration,
    /// So much shorter, at the most: a planned delay came early.
    shorter: Duration,
    /// So much longer by the client's own doing, at the most: it sent slowly, or let the answer wait.
    held: Duration,
}

impl Blur {
    fn of(view: &View<'_>, entry: &Entry<'_>, since: Since) -> Self {
        let exchange = entry.exchange;
        let start = since.start(exchange);
        let stalled = view.stalls.touching(start, exchange.done);
        // A driver that sends late makes the time from when it was due longer, and no other.
        let lag = exchange.sent.since(start);
        let delays = entry.attempts.iter().filter(|attempt| attempt.delay > 0);
        let error = |sign: i64| {
            let errors = delays.clone().map(|attempt| attempt.delay_error.saturating_mul(sign).max(0));
            Duration::from_nanos(errors.max().unwrap_or(0) as u64)
        };
        Blur { longer: stalled.max(lag).max(error(1)), shorter: error(-1), held: exchange.held() }
    }

    /// True if a time lies beyond a bound; why that can't be told, if it can't.
    fn side(&self, exchange: &Exchange, took: Duration, bound: Duration) -> Result<bool, Why> {
        if took > bound {
            let gateway = took.saturating_sub(self.longer);
            return match gateway.saturating_sub(self.held) > bound {
                true => Ok(true),
                false if gateway > bound => Err(Why::ClientHeld),
                false => Err(Why::Stalled),
            };
        }
        match exchange.outcome {
            // It was not over yet: it would have taken longer, nobody knows how much.
            Outcome::ClientTimeout | Outcome::ClientAbort => Err(Why::ClientLeft),
            Outcome::Unfinished => Err(Why::Lost),
            _ if took + self.shorter > bound => Err(Why::Stalled),
            _ => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// 100 requests, 10 ms apart, every tenth of which takes 100 ms and the others 2 ms.
    fn run() -> Run {
        let run = Run::new().phase("p", 1.0).backend("a").class("reads", Method::Get);
        run.calls(100, |n| {
            let takes = if n % 10 == 9 { 100.0 } else { 2.0 };
            Call::due("reads", 10.0 * n as f64).attempt(Try::ok("a").takes(takes))
        })
    }

    fn against(run: &Run, since: Since, bound: Duration) -> Against {
        run.view("p", "reads", |view| Times::due_in(view, view.stretch, since, &[bound]).against.remove(0))
    }

    #[test]
    fn times_beyond_a_bound_are_counted_and_the_slowest_are_kept() {
        let found = against(&run(), Since::Due, ms(50));
        assert_eq!((found.count, found.over, found.slowest.len()), (100, 10, 5));
    }

    #[test]
    fn a_stall_explains_what_it_touches_and_only_as_far_as_it_is_long() {
        let run = run().hiccup(150.0, 60.0);
        // The two slow ones that it touches might have taken 40 ms without it.
        let found = against(&run, Since::Due, ms(50));
        assert_eq!((found.over, found.set_aside.count(Why::Stalled)), (8, 2));
        assert_eq!(against(&run, Since::Due, ms(20)).over, 10);
    }

    #[test]
    fn the_drivers_lag_blurs_the_time_from_when_a_request_was_due_and_no_other() {
        let run = Run::new().phase("p", 1.0).backend("a").class("reads", Method::Get);
        let run = run.calls(50, |n| Call::due("reads", n as f64).lag(40.0).attempt(Try::ok("a")));
        assert_eq!(against(&run, Since::Due, ms(20)).set_aside.count(Why::Stalled), 50);
        assert_eq!(against(&run, Since::Sent, ms(20)).count, 50);
    }

    #[test]
    fn what_the_client_held_up_itself_is_late_only_by_what_is_beyond_that() {
        let run = run().calls(20, |n| {
            let held = if n < 10 { 60_000_000 } else { 10_000_000 };
            let call = Call::due("reads", 10.0 * n as f64).attempt(Try::ok("a").takes(100.0));
            call.row(move |exchange| exchange.held = held)
        });
        let found = against(&run, Since::Due, ms(50));
        // 10 were late before, and 10 of the further ones would be late without their client.
        assert_eq!((found.over, found.set_aside.count(Why::ClientHeld)), (20, 10));
        assert_eq!(against(&run, Since::Due, ms(200)).over, 0);
        let times = run.view("p", "reads", |view| Times::due_in(view, view.stretch, Since::Due, &[]));
        assert_eq!(times.histogram.len(), 100);
    }

    #[test]
    fn a_client_that_left_shows_that_it_took_longer_than_that_and_not_how_long() {
        let left = |n: usize| Call::due("reads", n as f64).ends(Outcome::ClientTimeout, 200.0);
        let run = Run::new().phase("p", 1.0).backend("a").class("reads", Method::Get).calls(20, left);
        assert_eq!(against(&run, Since::Due, ms(100)).over, 20);
        assert_eq!(against(&run, Since::Due, ms(300)).set_aside.count(Why::ClientLeft), 20);
    }

    #[test]
    fn the_interval_of_a_quantile_has_no_end_where_the_times_do_not_reach() {
        let quantile = |part| {
            run().view("p", "reads", |view| Times::due_in(view, view.stretch, Since::Due, &[]).quantile(part))
        };
        let (median, low, high) = quantile(0.5);
        assert!(low.is_some_and(|low| low <= median) && high.is_some_and(|high| high < ms(3)));
        assert_eq!(quantile(0.99).2, None);
    }
}
