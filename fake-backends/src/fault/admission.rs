//! What keeps a request waiting, or turns it away, by what else there is to do. The decision which limit applies is a
//! fault's; how far it is used up is a count that the server keeps, for each injection and backend.

use std::collections::VecDeque;
use std::time::Duration;

use units::Moment;

/// A limit that a request has to pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Admission {
    /// So many requests are worked on at a time, each for this long; others queue, and with a bound on the queue those
    /// that find it full are shed.
    Workers {
        /// Workers.
        count: u32,
        /// How long one takes for a request.
        takes: Duration,
        /// Requests that may queue; without it, all of them.
        queue: Option<u32>,
        /// The status of those that are shed.
        shed: u16,
    },
    /// So many requests in each window of this length; those beyond are turned away until the next one begins.
    Quota {
        /// Requests in a window.
        requests: u32,
        /// How long a window is; the first begins with the run.
        window: Duration,
        /// The status of those that are turned away.
        status: u16,
        /// Whether, and how, they are told when to come back (RFC 9110, section 10.2.3).
        retry_after: RetryAfter,
    },
    /// The more requests the backend has under way, the longer each waits: so long for each of them.
    Crowd {
        /// The wait for each request that is under way already.
        each: Duration,
        /// The longest wait.
        most: Duration,
    },
}

/// How a request that was turned away is told when to come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryAfter {
    /// In whole seconds, rounded up.
    #[default]
    Seconds,
    /// As a date, rounded up to a whole second.
    Date,
    /// Not at all.
    Silent,
}

/// What an admission makes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admitted {
    /// It waits for so long.
    After(Duration),
    /// It is turned away with this status; it may come back after that long, where it is to be told.
    TurnedAway(u16, RetryAfter, Duration),
}

/// How far one limit is used up at one backend.
#[derive(Debug, Default)]
pub(crate) struct Used {
    /// When each worker, and each request in the queue, is done: in order.
    done: VecDeque<Moment>,
    /// The window that is counted, and the requests in it.
    window: (u64, u32),
}

impl Used {
    /// Admits a request that has arrived whole at `now`, while `under_way` others are.
    pub(crate) fn admit(&mut self, admission: &Admission, now: Moment, under_way: u32) -> Admitted {
        match *admission {
            Admission::Workers { count, takes, queue, shed } => self.work(now, count, takes, queue, shed),
            Admission::Quota { requests, window, status, retry_after } => {
                let length = window.as_nanos().max(1);
                let since = now.since(Moment::EPOCH).as_nanos();
                let number = (since / length) as u64;
                if self.window.0 != number {
                    self.window = (number, 0);
                }
                if self.window.1 < requests {
                    self.window.1 += 1;
                    return Admitted::After(Duration::ZERO);
                }
                let left = Duration::from_nanos((length - since % length) as u64);
                Admitted::TurnedAway(status, retry_after, left)
            }
            Admission::Crowd { each, most } => Admitted::After(each.saturating_mul(under_way).min(most)),
        }
    }

    fn work(&mut self, now: Moment, count: u32, takes: Duration, queue: Option<u32>, shed: u16) -> Admitted {
        while self.done.front().is_some_and(|done| *done <= now) {
            self.done.pop_front();
        }
        let (busy, workers) = (self.done.len(), count.max(1) as usize);
        if queue.is_some_and(|queue| busy >= workers + queue as usize) {
            return Admitted::TurnedAway(shed, RetryAfter::Silent, Duration::ZERO);
        }
        // First come, first served: it begins when so many are done that a worker is free.
        let begins = if busy < workers { now } else { self.done[busy - workers] };
        let done = begins + takes;
        // What a request takes may change meanwhile, so that a later one is done before an earlier one.
        let place = self.done.partition_point(|other| *other <= done);
        self.done.insert(place, done);
        Admitted::After(done.since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    fn at(millis: i64) -> Moment {
        Moment(millis * MS)
    }

    fn after(millis: u64) -> Admitted {
        Admitted::After(Duration::from_millis(millis))
    }

    #[test]
    fn work_queues_first_come_first_served_and_is_shed_beyond_the_bound() {
        let takes = Duration::from_millis(10);
        let limit = Admission::Workers { count: 2, takes, queue: Some(2), shed: 503 };
        let mut used = Used::default();
        let waits: Vec<_> = (0..5).map(|_| used.admit(&limit, at(0), 0)).collect();
        let shed = Admitted::TurnedAway(503, RetryAfter::Silent, Duration::ZERO);
        assert_eq!(waits, [after(10), after(10), after(20), after(20), shed]);
        assert_eq!(used.admit(&limit, at(10), 0), after(20), "two are done, two are at work, so it is third");
        assert_eq!(used.admit(&limit, at(1000), 0), after(10), "all are done");
    }

    #[test]
    fn a_quota_is_anew_in_each_window_and_tells_when_that_begins() {
        let window = Duration::from_secs(1);
        let limit = Admission::Quota { requests: 2, window, status: 429, retry_after: RetryAfter::Seconds };
        let mut used = Used::default();
        assert_eq!(used.admit(&limit, at(100), 0), after(0));
        assert_eq!(used.admit(&limit, at(200), 0), after(0));
        let turned_away = Admitted::TurnedAway(429, RetryAfter::Seconds, Duration::from_millis(700));
        assert_eq!(used.admit(&limit, at(300), 0), turned_away);
        assert_eq!(used.admit(&limit, at(1000), 0), after(0));
    }

    #[test]
    fn a_crowd_slows_everybody_down_to_a_bound() {
        let limit = Admission::Crowd { each: Duration::from_millis(5), most: Duration::from_millis(12) };
        let mut used = Used::default();
        let waits = [0, 1, 2, 3].map(|others| used.admit(&limit, at(0), others));
        assert_eq!(waits, [after(0), after(5), after(10), after(12)]);
    }
}
