//! A run as a log tells it: the rows of evidence as events, each in the spans of its run, its phase and its exchange.
//!
//! The rows come from the disk's side, about a quarter of a second after what they tell, so that no log is on the way of a
//! request. What is told is bounded: a log that is read more slowly than it is written must not hold the run up.

use evidence::{Attempt, Exchange, NO_BACKEND, UNKNOWN_ATTEMPT};
use scenario::Plan;
use tracing::{Level, Span, debug, enabled, info_span, trace};
use units::{Moment, Stretch};

/// The most events of exchanges and attempts that are told of one second; of the others, their number.
const EVENTS_MAX: u64 = 1000;

/// Tells of a run what the level of the log asks for.
pub(crate) struct Story {
    phases: Vec<(Stretch, Span)>,
    /// The span of what is in no phase.
    run: Span,
    backends: Vec<String>,
    classes: Vec<String>,
    /// The second that is told of, and how many events it had.
    second: (i64, u64),
}

impl Story {
    /// The story of a plan, inside the span of its run.
    pub(crate) fn of(plan: &Plan, run: &Span) -> Self {
        let phase = |phase: &measure::brief::PhaseBrief| {
            (phase.during, info_span!(parent: run, "phase", name = phase.name))
        };
        Story {
            phases: plan.brief.phases.iter().map(phase).collect(),
            run: run.clone(),
            backends: plan.pool.backends.iter().map(|backend| backend.name.clone()).collect(),
            classes: plan.driver.classes.iter().map(|class| class.name.clone()).collect(),
            second: (0, 0),
        }
    }

    /// The span of a moment.
    pub(crate) fn phase(&self, at: Moment) -> &Span {
        let phase = self.phases.iter().find(|(during, _)| during.contains(at));
        phase.map_or(&self.run, |(_, span)| span)
    }

    pub(super) fn attempts(&mut self, attempts: &[Attempt]) {
        if enabled!(Level::DEBUG) {
            for attempt in attempts {
                self.attempt(attempt);
            }
        }
    }

    pub(super) fn exchanges(&mut self, exchanges: &[Exchange]) {
        if enabled!(Level::TRACE) {
            for exchange in exchanges {
                self.exchange(exchange);
            }
        }
    }

    fn attempt(&mut self, attempt: &Attempt) {
        let again = (2..UNKNOWN_ATTEMPT).contains(&attempt.number);
        if !(again || enabled!(Level::TRACE)) || !self.may_tell(attempt.arrived) {
            return;
        }
        let _in = info_span!(parent: self.phase(attempt.arrived), "exchange", tag = attempt.tag.0).entered();
        let backend = self.backend(attempt.backend);
        let _of = info_span!("attempt", number = attempt.number, backend).entered();
        let at = attempt.arrived;
        if again {
            debug!(%at, method = %attempt.method, "a request was tried again");
        }
        trace!(
            %at,
            took = ?attempt.duration(),
            status = attempt.status,
            faults = attempt.effective.count_ones(),
            end = %attempt.end,
            "an attempt is over"
        );
    }

    fn exchange(&mut self, exchange: &Exchange) {
        if !self.may_tell(exchange.due) {
            return;
        }
        let _in = info_span!(parent: self.phase(exchange.due), "exchange", tag = exchange.tag.0).entered();
        trace!(
            at = %exchange.due,
            traffic = self.classes.get(usize::from(exchange.class)),
            took = ?exchange.response_time(),
            status = exchange.status,
            outcome = %exchange.outcome,
            backend = (exchange.backend != NO_BACKEND).then(|| self.backend(exchange.backend)),
            "an exchange is over"
        );
    }

    fn backend(&self, index: u16) -> &str {
        self.backends.get(usize::from(index)).map_or("unknown", String::as_str)
    }

    /// Whether one more event of the second of `at` may be told; the first that may not says so.
    fn may_tell(&mut self, at: Moment) -> bool {
        let second = at.0.div_euclid(1_000_000_000);
        if second > self.second.0 {
            self.second = (second, 0);
        }
        self.second.1 += 1;
        if self.second.1 == EVENTS_MAX + 1 {
            debug!(parent: &self.run, second, "more than {EVENTS_MAX} events: the rest is in the evidence");
        }
        self.second.1 <= EVENTS_MAX
    }
}
