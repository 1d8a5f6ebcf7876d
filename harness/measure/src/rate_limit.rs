//! How many requests are let through in a time, and which of the others were turned away too early.
//!
//! Nobody says when a gateway let a request through: it was between its sending and its first arrival at a backend. A breach is
//! one whichever moments these were.

use evidence::{Entry, Exchange, Outcome, Tag};
use policy::{RateLimit, RateWindow};
use units::Moment;

use crate::aside::SetAside;
use crate::view::{Sight, View};

/// A bucket is a real number: less than this is no breach.
const GRAIN: f64 = 1e-6;

/// What became of the requests of a phase under a rate limit.
#[derive(Clone, Debug, Default)]
pub struct Rated {
    /// Requests that reached a backend.
    pub let_through: u64,
    /// Requests that came while the limit was certainly used up.
    pub cases: u64,
    /// Those of them that were let through, each with how many certainly were in the time that ended with it.
    pub above: Vec<(Tag, u64)>,
    /// Requests that were turned away.
    pub turned_away: u64,
    /// Those of them that came while it is plain that no more than the limit counted.
    pub sharp: u64,
    /// Those of these that came while fewer did, with how many.
    pub early: Vec<(Tag, u64)>,
    /// Those that were turned away and not told when to come back.
    pub untold: Vec<Tag>,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

impl Rated {
    /// Measures it. Counted are the requests of all traffic; the ones that are looked at are those of the view.
    pub fn of(view: &View<'_>, limit: &RateLimit) -> Self {
        let mut rated = Rated::default();
        let passed = Passed::of(view, limit);
        // Which of the two answered can't be told where another limit, or a breaker, has the same status.
        let policy = &view.brief.policy;
        let shed = policy.breaker.as_ref().and_then(|breaker| breaker.shed_status);
        let is_plain = policy.limit.is_none() && shed != Some(status(view));
        let sight = Sight { attempts: false, client: false, ..Sight::COUNTS };
        let mut aside = SetAside::default();
        let sound: Vec<Entry<'_>> = view.sound(sight, &mut aside).collect();
        rated.set_aside = aside;
        for entry in sound.into_iter().filter(|entry| entry.exchange.was_sent()) {
            let exchange = entry.exchange;
            let is_away = is_turned_away(view, &entry);
            if is_away || !entry.attempts.is_empty() {
                let end = entry.attempts.first().map_or(exchange.done, |first| first.arrived);
                let beside = passed.at_least(end);
                if passed.is_full(end, u64::from(is_away)) {
                    rated.cases += 1;
                    if !is_away {
                        rated.above.push((exchange.tag, beside));
                    }
                }
            }
            rated.let_through += u64::from(!entry.attempts.is_empty());
            if is_away && is_plain {
                rated.look_for_room(exchange, &passed);
            }
        }
        rated
    }

    fn look_for_room(&mut self, exchange: &Exchange, passed: &Passed) {
        self.turned_away += 1;
        if exchange.retry_after.is_none() {
            self.untold.push(exchange.tag);
        }
        let most = passed.at_most(exchange.sent, exchange.done);
        if most <= passed.calls {
            self.sharp += 1;
            if most < passed.calls {
                self.early.push((exchange.tag, most));
            }
        }
    }
}

/// The status of what is turned away.
fn status(view: &View<'_>) -> u16 {
    view.brief.policy.rate_limit.as_ref().and_then(|limit| limit.status).unwrap_or(429)
}

fn is_turned_away(view: &View<'_>, entry: &Entry<'_>) -> bool {
    let exchange = entry.exchange;
    entry.attempts.is_empty()
        && exchange.status == status(view)
        && !exchange.answered_by_backend()
        && exchange.outcome == Outcome::Complete
}

/// The requests of the whole run that were let through, and those that may have been.
struct Passed {
    calls: u64,
    per: f64,
    window: RateWindow,
    /// When those that certainly were came, and by when they had been; each in its order.
    sent: Vec<Moment>,
    until: Vec<Moment>,
    /// The same of all that may have been.
    may_sent: Vec<Moment>,
    may_until: Vec<Moment>,
    /// For each that certainly was: the least of its number less what had been refilled when it came, up to it.
    least: Vec<f64>,
}

impl Passed {
    fn of(view: &View<'_>, limit: &RateLimit) -> Self {
        let mut passed = Passed {
            calls: u64::from(limit.calls),
            per: limit.per.as_secs_f64(),
            window: limit.window,
            sent: Vec::new(),
            until: Vec::new(),
            may_sent: Vec::new(),
            may_until: Vec::new(),
            least: Vec::new(),
        };
        for entry in view.ledger.entries().filter(|entry| entry.exchange.was_sent()) {
            let exchange = entry.exchange;
            let first = entry.attempts.first().map(|first| first.arrived);
            if let Some(arrived) = first {
                passed.sent.push(exchange.sent);
                passed.until.push(arrived);
            }
            if first.is_some() || !is_turned_away(view, &entry) {
                passed.may_sent.push(exchange.sent);
                passed.may_until.push(first.unwrap_or(exchange.done));
            }
        }
        for times in [&mut passed.sent, &mut passed.until, &mut passed.may_sent, &mut passed.may_until] {
            times.sort_unstable();
        }
        let refill = passed.refill();
        let mut least = f64::INFINITY;
        passed.least = (0..)
            .zip(&passed.sent)
            .map(|(number, sent)| {
                least = least.min(f64::from(number) - refill * seconds(*sent));
                least
            })
            .collect();
        passed
    }

    /// So many a second come into a bucket.
    fn refill(&self) -> f64 {
        self.calls as f64 / self.per.max(f64::MIN_POSITIVE)
    }

    /// How many certainly were let through in the time that ends here.
    fn at_least(&self, end: Moment) -> u64 {
        let before = before(&self.sent, |sent| seconds(sent) + self.per <= seconds(end));
        let up_to = before_or_at(&self.until, end);
        up_to.saturating_sub(before)
    }

    /// True if no more may be let through by then, `further` more than were.
    fn is_full(&self, end: Moment, further: u64) -> bool {
        match self.window {
            RateWindow::Sliding => self.at_least(end) + further > self.calls,
            RateWindow::Bucket => {
                let begun = before_or_at(&self.sent, end) as usize;
                let Some(least) = begun.checked_sub(1).and_then(|last| self.least.get(last)) else {
                    return false;
                };
                let all = (before_or_at(&self.until, end) + further) as f64;
                all - self.refill() * seconds(end) - least > self.calls as f64 + GRAIN
            }
        }
    }

    /// How many may count for a request that came and was answered at these moments.
    fn at_most(&self, came: Moment, answered: Moment) -> u64 {
        let over = before(&self.may_until, |until| seconds(until) + self.per < seconds(came));
        before_or_at(&self.may_sent, answered).saturating_sub(over)
    }
}

fn seconds(moment: Moment) -> f64 {
    moment.since(Moment::EPOCH).as_secs_f64()
}

fn before(times: &[Moment], is_before: impl Fn(Moment) -> bool) -> u64 {
    times.partition_point(|time| is_before(*time)) as u64
}

fn before_or_at(times: &[Moment], end: Moment) -> u64 {
    before(times, |time| time <= end)
}
