//! How many requests are let through in a time: counted in a sliding window, or by a bucket that is refilled.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

use http::StatusCode;
use policy::{RateLimit, RateWindow};
use units::Moment;

/// The limit as this gateway applies it.
#[derive(Clone, Debug)]
pub(crate) struct QuotaRules {
    /// So many in a time.
    pub(crate) calls: u32,
    /// That time.
    pub(crate) per: Duration,
    /// What a bucket holds; without it, they are counted in a window.
    pub(crate) bucket: Option<u32>,
    /// Whether what is turned away is told when to come back.
    pub(crate) tells: bool,
    /// What is turned away is answered so.
    pub(crate) status: StatusCode,
}

impl QuotaRules {
    pub(crate) fn new(declared: &RateLimit) -> Self {
        let status = declared.status.and_then(|status| StatusCode::from_u16(status).ok());
        QuotaRules {
            calls: declared.calls,
            per: declared.per.0,
            bucket: (declared.window == RateWindow::Bucket).then_some(declared.calls),
            tells: declared.retry_after,
            status: status.unwrap_or(StatusCode::TOO_MANY_REQUESTS),
        }
    }
}

/// What was let through so far, as far as it counts.
pub(crate) struct Quota {
    pub(crate) rules: QuotaRules,
    /// When the requests of the window came, the first one first: no more than may.
    window: RefCell<VecDeque<Moment>>,
    /// What the bucket held, and when.
    level: Cell<(f64, Moment)>,
}

impl Quota {
    pub(crate) fn new(rules: &QuotaRules, now: Moment) -> Self {
        let full = f64::from(rules.bucket.unwrap_or(0));
        Quota { rules: rules.clone(), window: RefCell::default(), level: Cell::new((full, now)) }
    }

    /// Lets a request through, or says how long it is until another one would be.
    pub(crate) fn take(&self, now: Moment) -> Result<(), Duration> {
        match self.rules.bucket {
            Some(holds) => self.take_from_bucket(f64::from(holds), now),
            None => self.take_from_window(now),
        }
    }

    fn take_from_window(&self, now: Moment) -> Result<(), Duration> {
        let mut window = self.window.borrow_mut();
        while window.front().is_some_and(|first| *first + self.rules.per <= now) {
            window.pop_front();
        }
        match window.front() {
            Some(first) if window.len() >= self.rules.calls as usize => {
                Err((*first + self.rules.per).since(now))
            }
            _ => {
                window.push_back(now);
                Ok(())
            }
        }
    }

    fn take_from_bucket(&self, holds: f64, now: Moment) -> Result<(), Duration> {
        let each = self.rules.per.as_secs_f64() / f64::from(self.rules.calls.max(1));
        let (before, when) = self.level.get();
        let level = (before + now.since(when).as_secs_f64() / each).min(holds);
        if level < 1.0 {
            self.level.set((level, now));
            return Err(Duration::from_secs_f64((1.0 - level) * each));
        }
        self.level.set((level - 1.0, now));
        Ok(())
    }
}

/// The wait in whole seconds, as `Retry-After` says it: never too short.
pub(crate) fn in_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::Timespan;

    fn quota(window: RateWindow) -> Quota {
        let limit = RateLimit { window, ..RateLimit::new(3, Timespan::from_secs(3)) };
        Quota::new(&QuotaRules::new(&limit), Moment::EPOCH)
    }

    fn at(millis: u64) -> Moment {
        Moment::EPOCH + Duration::from_millis(millis)
    }

    #[test]
    fn a_window_forgets_each_request_when_its_time_is_over() {
        let quota = quota(RateWindow::Sliding);
        for (millis, passes) in [
            (0, true),
            (1_000, true),
            (2_000, true),
            (2_999, false),
            (3_000, true),
            (3_001, false),
            (4_000, true),
        ] {
            assert_eq!(quota.take(at(millis)).is_ok(), passes, "at {millis} ms");
        }
        assert_eq!(quota.take(at(4_500)), Err(Duration::from_millis(500)));
    }

    #[test]
    fn a_bucket_is_refilled_evenly() {
        let quota = quota(RateWindow::Bucket);
        for (millis, passes) in [(0, true), (0, true), (0, true), (900, false), (1_000, true), (1_900, false)]
        {
            assert_eq!(quota.take(at(millis)).is_ok(), passes, "at {millis} ms");
        }
        let wait = quota.take(at(1_900)).unwrap_err();
        assert!((wait.as_secs_f64() - 0.1).abs() < 1e-6, "{wait:?}");
    }

    #[test]
    fn waits_are_told_in_seconds_and_never_too_short() {
        let of = |millis| in_seconds(Duration::from_millis(millis));
        assert_eq!((of(0), of(1), of(1_000), of(1_001)), (1, 1, 1, 2));
    }
}
