//! How much of its traffic a backend will get while the declared breaker leaves it alone now and then.

use measure::automata::member::Rule;
use measure::brief::{FaultDoes, InjectionBrief};
use policy::{Breaker, FailureClass, RetryOn, WayBack};
use units::Stretch;

use super::Outlook;

/// Of so much fewer failures than planned, a breaker must still open to be sure to.
const SURELY: f64 = RARELY / 1.2;

/// With less than this part of what it takes in a window, a breaker is not expected to open.
const RARELY: f64 = 0.6;

/// With so large a share of failures, hardly a row of them is broken.
const NEARLY_ALL: f64 = 0.97;

/// So long, in seconds, it takes from a failure at a backend until a gateway that knows of it keeps the next request back:
/// both ways of transit, and as long again for what is on its way.
const BLUR_S: f64 = 0.003;

impl Outlook<'_> {
    /// The part of its requests that a backend gets in a segment, from 0 to 1: what arrives until its breaker opens, and the
    /// probes while it is open, of all that would have arrived meanwhile.
    pub fn in_use(&self, backend: usize, segment: Stretch) -> f64 {
        let Some(breaker) = &self.brief.policy.breaker else { return 1.0 };
        let (rate, failing) = self.load(backend, breaker, segment);
        let (length, open) = (segment.length().as_secs_f64(), open_time(breaker));
        let Some(until_open) = until_open(breaker, rate, failing) else { return 1.0 };
        let arrive = until_open * f64::from(breaker.workers.max(1));
        if until_open > rate * length {
            // It ends before the breaker has a reason.
            return 1.0;
        }
        let probes = match breaker.way_back {
            // No health check passes before the fault ends.
            Some(WayBack::Check) => return (arrive / (rate * length).max(1e-9)).min(1.0),
            Some(WayBack::All | WayBack::Ramp(_)) => 1.0,
            Some(WayBack::Probe) | None => (1.0 / (1.0 - failing).max(1e-9)).min((length / open).max(1.0)),
        };
        let cycle = arrive + rate * open * probes;
        ((arrive + probes) / cycle.max(1e-9)).min(1.0)
    }

    /// The probability that a failed request finds another backend in use in a segment, from 0 to 1: the best of them, for the
    /// least lucky.
    pub(super) fn somewhere_else(&self, segment: Stretch) -> f64 {
        let healthy = |backend: usize| self.until_open(backend, segment).is_none();
        let found = self.brief.policy.breaker.is_none() || (0..self.brief.backends.len()).any(healthy);
        f64::from(u8::from(found))
    }

    /// How many results it takes on average until the breaker of a backend opens in a segment; None if it hardly will.
    pub fn until_open(&self, backend: usize, segment: Stretch) -> Option<f64> {
        let breaker = self.brief.policy.breaker.as_ref()?;
        let (rate, failing) = self.load(backend, breaker, segment);
        until_open(breaker, rate, failing)
    }

    /// How often the breaker of a backend opens in the settled part because of its trip condition, and not of a probe.
    pub fn trips(&self, backend: usize, breaker: &Breaker) -> f64 {
        let trips = |segment: Stretch| {
            let (rate, failing) = self.load(backend, breaker, segment);
            let Some(until_open) = until_open(breaker, rate, failing * SURELY)
                .and_then(|_| until_open(breaker, rate, failing))
                .filter(|until_open| *until_open <= rate * segment.length().as_secs_f64())
            else {
                return 0.0;
            };
            // It counts again once it is closed: at once, or after a probe that succeeds.
            let cycle = until_open / rate + open_time(breaker);
            let again = (segment.length().as_secs_f64() / cycle - 1.0).max(0.0);
            1.0 + match breaker.way_back {
                Some(WayBack::Check) => 0.0,
                Some(WayBack::All | WayBack::Ramp(_)) => again,
                Some(WayBack::Probe) | None => again * (1.0 - failing),
            }
        };
        let most = self.segments().into_iter().map(trips).fold(0.0, f64::max);
        most * f64::from(breaker.workers.max(1))
    }

    /// The probability that no request falls into the time in which nobody can tell whether it came before the failure that
    /// opens a breaker was known, or after it.
    pub fn told_apart(&self, backend: usize, breaker: &Breaker) -> f64 {
        let load = |segment: Stretch| self.load(backend, breaker, segment).0;
        let load = self.segments().into_iter().map(load).fold(0.0, f64::max);
        let length = self.stretch().length().as_secs_f64().max(1e-9);
        let share = if breaker.scope.is_backend() { self.share_of(backend) } else { 1.0 };
        let rates = self.brief.traffic.iter().enumerate().map(|(class, traffic)| {
            let all = Outlook { place: measure::view::Place { traffic: None, ..self.place }, ..*self };
            let rate = all.requests_of(class).unwrap_or(0.0) * share / length;
            (rate / f64::from(breaker.workers.max(1)), traffic.poisson)
        });
        let rates: Vec<(f64, bool)> = rates.filter(|(rate, _)| *rate > 0.0).collect();
        let mean = |(rate, poisson): &(f64, bool)| match poisson {
            true => (-rate * BLUR_S).exp(),
            // Evenly spaced requests of one class never come as close; of several classes, one may come just after another.
            false if rates.len() == 1 => f64::from(u8::from(rate * BLUR_S < 1.0)),
            false => (1.0 - rate * BLUR_S).max(0.0),
        };
        let further = (load - rates.iter().map(|(rate, _)| rate).sum::<f64>()).max(0.0);
        let apart = rates.iter().map(mean).product::<f64>() * (-further * BLUR_S).exp();
        // What failed comes back at once to the only backend there is, or to one of the pool.
        let retry = self.brief.policy.retry.as_ref().filter(|retry| retry.attempts > 1);
        let same = self.brief.backends.len() == 1 || !breaker.scope.is_backend();
        let back = retry.filter(|_| same).map_or(0.0, |retry| {
            let part = self.repeated() * (1.0 - 1.0 / f64::from(retry.attempts));
            match &retry.backoff {
                None => part,
                Some(backoff) if backoff.jitter => part * (BLUR_S / backoff.base.as_secs_f64()).min(1.0),
                Some(_) => 0.0,
            }
        });
        apart * (1.0 - back)
    }

    /// True if the breaker of a backend opens in a segment also if far fewer of its requests fail than planned.
    pub(super) fn surely_opens(&self, backend: usize, segment: Stretch) -> bool {
        self.brief.policy.breaker.as_ref().is_some_and(|breaker| {
            let (rate, failing) = self.load(backend, breaker, segment);
            until_open(breaker, rate, failing * SURELY).is_some()
        })
    }

    /// How often a breaker would open in the settled part, were it closed again at once: results in all, by how many it takes.
    pub fn openings(&self, backend: usize, breaker: &Breaker) -> f64 {
        let hides =
            self.injections().filter(|one| one.hides_attempts && one.backends.contains(&(backend as u16)));
        let hidden = hides.map(|one| one.during.from).min();
        let often = |segment: Stretch| {
            // From where on attempts are hidden, nobody can follow a breaker.
            if hidden.is_some_and(|hidden| segment.to > hidden) {
                return 0.0;
            }
            let (rate, failing) = self.load(backend, breaker, segment);
            let results = rate * segment.length().as_secs_f64();
            let surely = until_open(breaker, rate, failing * SURELY).is_some();
            until_open(breaker, rate, failing)
                .filter(|_| surely)
                .map_or(0.0, |until| results / until.max(1.0))
        };
        self.segments().into_iter().map(often).fold(0.0, f64::max)
    }

    /// True if some, but not nearly all, of what a backend gets fails at any time in the settled part.
    pub fn is_mixed(&self, backend: usize, breaker: &Breaker) -> bool {
        let failing = self.segments().into_iter().map(|segment| self.load(backend, breaker, segment).1);
        failing.into_iter().any(|failing| failing > 0.0 && failing < NEARLY_ALL)
    }

    /// How many requests are on their way to a backend, on average, while a failure of it becomes known: none where it answers
    /// at once, and many where a timer has to fire first.
    pub fn on_their_way(&self, backend: usize, breaker: &Breaker) -> f64 {
        let Some(timer) = self.brief.policy.timeout.per_try else { return 0.0 };
        let late = |one: &InjectionBrief| {
            one.outline.is_some_and(|outline| {
                let slow = matches!(outline.does, FaultDoes::Hangs | FaultDoes::Delays { .. });
                slow && is_counted(breaker, self, outline.does)
            })
        };
        let here = |segment: Stretch| {
            let (rate, failing) = self.load(backend, breaker, segment);
            let slow = self.given(backend, 1, segment, late) / failing.max(1e-9);
            rate * f64::from(breaker.workers.max(1)) * timer.as_secs_f64() * slow.min(1.0)
        };
        self.segments().into_iter().map(here).fold(0.0, f64::max)
    }

    /// Requests a second that one breaker sees, and the share of them that fails.
    pub fn load(&self, backend: usize, breaker: &Breaker, segment: Stretch) -> (f64, f64) {
        let everything = Outlook { place: measure::view::Place { traffic: None, ..self.place }, ..*self };
        let length = self.stretch().length().as_secs_f64().max(1e-9);
        let rate = everything.requests().unwrap_or(0.0) / length / f64::from(breaker.workers.max(1));
        let fails = |backend: usize, number: u16| {
            self.given(backend, number, segment, |one| {
                one.outline.is_some_and(|outline| is_counted(breaker, self, outline.does))
            })
        };
        // Further attempts add to what arrives, and may succeed where the first one failed.
        let attempts = self.brief.policy.retry.as_ref().map_or(1, |retry| retry.attempts.min(FURTHER_MAX));
        let retried = |one: &InjectionBrief| one.outline.is_some_and(|outline| self.is_retried(outline.does));
        let backends = self.brief.backends.len();
        let protected = if breaker.scope.is_backend() { backend..backend + 1 } else { 0..backends };
        let mut arriving: Vec<f64> = (0..backends).map(|one| self.share_of(one)).collect();
        let mut sums = (0.0, 0.0);
        for number in 1..=attempts {
            for one in protected.clone() {
                sums = (sums.0 + arriving[one], sums.1 + arriving[one] * fails(one, number));
            }
            let again: Vec<f64> = (0..backends)
                .map(|one| arriving[one] * self.given(one, number, segment, retried) * everything.repeated())
                .collect();
            arriving = (0..backends).map(|one| self.passed_on(&again, one)).collect();
        }
        (rate * sums.0, if sums.0 > 0.0 { sums.1 / sums.0 } else { 0.0 })
    }

    /// How much of what is tried again comes to a backend: by its share of those that did not just fail.
    fn passed_on(&self, again: &[f64], to: usize) -> f64 {
        let apart =
            self.brief.policy.retry.as_ref().is_none_or(|retry| retry.other_backend) && again.len() > 1;
        let part = |from: usize| match (apart, 1.0 - self.share_of(from)) {
            (true, _) if from == to => 0.0,
            (true, rest) if rest > 0.0 => self.share_of(to) / rest,
            _ => self.share_of(to),
        };
        again.iter().enumerate().map(|(from, again)| again * part(from)).sum()
    }

    /// The part of the requests whose method the policy tries again.
    fn repeated(&self) -> f64 {
        let (Some(retry), Some(all)) = (&self.brief.policy.retry, self.requests()) else { return 0.0 };
        let listed = |class: &usize| {
            let method = self.brief.traffic[*class].method.word();
            retry.methods.iter().any(|name| name == method)
        };
        let repeated: f64 = self.classes().filter(listed).filter_map(|class| self.requests_of(class)).sum();
        if all > 0.0 { repeated / all } else { 0.0 }
    }
}

/// Further attempts beyond these hardly come up.
const FURTHER_MAX: u16 = 10;

/// True if a fault makes an attempt fail in a way that the breaker counts.
pub fn is_counted(breaker: &Breaker, outlook: &Outlook<'_>, does: FaultDoes) -> bool {
    let fails = if breaker.fails.is_empty() { &FailureClass::USUAL[..] } else { &breaker.fails };
    let counts = |on: RetryOn| fails.contains(&FailureClass::One(on));
    match does {
        FaultDoes::Answers { status } => {
            fails.iter().any(|class| class.takes_status(status)) || (status == 429 && breaker.retry_after)
        }
        FaultDoes::Hangs => counts(RetryOn::Timeout),
        FaultDoes::Delays { most, .. } => {
            counts(RetryOn::Timeout) && outlook.brief.policy.timeout.per_try.is_some_and(|timer| most > timer)
        }
        FaultDoes::Breaks | FaultDoes::Cuts => counts(RetryOn::Reset),
        FaultDoes::Refuses => counts(RetryOn::ConnectFailure),
    }
}

/// How long a breaker stays open, in seconds; where that grows, as long as it grows to.
fn open_time(breaker: &Breaker) -> f64 {
    let open = breaker.open_for.as_secs_f64();
    match (breaker.open_grows, breaker.open_max) {
        (true, Some(longest)) => longest.as_secs_f64().max(open),
        // Of three openings in a row, the mean is twice the first.
        (true, None) => open * 2.0,
        (false, _) => open,
    }
}

/// The mean number of results until it opens, if so large a share of them fails; None if that hardly happens.
fn until_open(breaker: &Breaker, rate: f64, failing: f64) -> Option<f64> {
    if failing <= 0.0 || rate <= 0.0 {
        return None;
    }
    match Rule::of(&breaker.trip) {
        Rule::InARow(count) => {
            // The waiting time for a run of successes, Feller, volume 1, XIII.7.
            let run = failing.powi(count as i32);
            Some(if failing >= 1.0 { f64::from(count) } else { (1.0 - run) / ((1.0 - failing) * run) })
        }
        Rule::Count(count, within) => {
            let most = rate * failing * within.as_secs_f64();
            (most >= RARELY * f64::from(count)).then_some(f64::from(count) / failing)
        }
        Rule::Share(share, within, min) => {
            let told = rate * within.as_secs_f64();
            let opens = told >= f64::from(min) && failing >= RARELY * share;
            opens.then_some(f64::from(min))
        }
        Rule::Never => None,
    }
}
