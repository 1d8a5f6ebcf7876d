//! A circuit breaker as a pure machine: closed, open, and back by a probe, at once, little by little, or by a health
//! check, driven by explicit moments.

use std::rc::Rc;
use std::time::Duration;

use policy::WayBack;
use units::Moment;

use super::rules::Rules;
use super::window::Recent;

/// One breaker.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    rules: Rc<Rules>,
    /// The start of the gateway, from which ticks are counted.
    born: Moment,
    state: State,
    /// Counts the changes of state, so that results of requests from before a change don't decide after it.
    generation: u64,
    /// Openings since the last success: what a growing open time grows by.
    in_a_row: u32,
    /// Openings in all.
    openings: u32,
    /// When the backend came back last.
    back: Option<Moment>,
    /// Since when there is a reason to open, while it has not.
    due: Option<Moment>,
}

#[derive(Clone, Debug)]
enum State {
    /// Traffic flows.
    Closed(Recent),
    /// Rejected, until this moment; or, where a health check decides, until it says so.
    Open(Moment),
    /// Probing, with so many probes under way.
    HalfOpen(u16),
}

/// Leave to send one request. Its result is to be recorded with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pass {
    generation: u64,
}

/// How a request ended, as the breaker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The backend did its work.
    Success,
    /// It did not; and perhaps it said for how long.
    Failure(Option<Duration>),
    /// Nobody will know: the client went away first.
    Unknown,
}

impl Machine {
    pub(crate) fn new(rules: Rc<Rules>, born: Moment) -> Self {
        let state = State::Closed(Recent::default());
        Machine { rules, born, state, generation: 0, in_a_row: 0, openings: 0, back: None, due: None }
    }

    /// How much of its turns the backend gets: 0 while it is left alone, 1 when all is well, between on a ramp.
    pub(crate) fn share(&self, now: Moment) -> f64 {
        match self.state {
            State::Closed(_) => self.back.map_or(1.0, |back| self.rules.share_after(now.since(back))),
            State::HalfOpen(probes) => f64::from(u8::from(probes < self.rules.probes)),
            State::Open(until) if self.is_out(now) || now < until => 0.0,
            State::Open(until) => match self.rules.way_back {
                WayBack::Ramp(_) => self.rules.share_after(now.since(until)),
                _ => 1.0,
            },
        }
    }

    /// True while it is left alone, or only probed.
    pub(crate) fn is_out(&self, now: Moment) -> bool {
        match self.state {
            State::Closed(_) => false,
            State::HalfOpen(_) => true,
            State::Open(until) => self.rules.way_back == WayBack::Check || now < until,
        }
    }

    /// True while it counts as out for a bound on how many may be: also when it only waits for a probe, which may fail.
    pub(crate) fn takes_a_place(&self, now: Moment) -> bool {
        self.is_out(now) || (self.rules.way_back == WayBack::Probe && matches!(self.state, State::Open(_)))
    }

    /// Lets a request through, or not.
    pub(crate) fn admit(&mut self, now: Moment) -> Option<Pass> {
        if self.share(now) <= 0.0 {
            return None;
        }
        match &mut self.state {
            State::Closed(_) => {}
            State::Open(until) => match self.rules.way_back {
                WayBack::Probe => self.enter(State::HalfOpen(1)),
                WayBack::All | WayBack::Check | WayBack::Ramp(_) => {
                    let until = *until;
                    self.close(until);
                }
            },
            State::HalfOpen(probes) => *probes += 1,
        }
        Some(Pass { generation: self.generation })
    }

    /// Notes how a request that was let through has ended; `may_open` is false while enough others are out. Gives
    /// until when it is open, if it has opened by this.
    pub(crate) fn record(
        &mut self,
        now: Moment,
        pass: Pass,
        outcome: Outcome,
        may_open: bool,
    ) -> Option<Moment> {
        if pass.generation != self.generation {
            return None;
        }
        match (&mut self.state, outcome) {
            (State::Closed(recent), Outcome::Success) => {
                recent.note(&self.rules.trip, now, false);
                self.in_a_row = 0;
            }
            (State::Closed(recent), Outcome::Failure(retry_after)) => {
                recent.note(&self.rules.trip, now, true);
                let trips =
                    recent.trips(&self.rules.trip) && may_open && self.openings < self.rules.openings_max;
                self.due = trips.then(|| self.due.unwrap_or(now));
                if self.due.is_some_and(|due| now.since(due) >= self.rules.lag) {
                    return Some(self.open(now, retry_after));
                }
            }
            (State::HalfOpen(_), Outcome::Success | Outcome::Failure(_)) if !self.rules.hears_probes => {}
            (State::HalfOpen(_), Outcome::Success) => {
                self.in_a_row = 0;
                self.close(now);
            }
            (State::HalfOpen(_), Outcome::Failure(retry_after)) => return Some(self.open(now, retry_after)),
            (State::HalfOpen(probes), Outcome::Unknown) => *probes -= 1,
            (State::Closed(_), Outcome::Unknown) | (State::Open(_), _) => {}
        }
        None
    }

    /// The health check says that the backend is well. Nothing happens where it is not open.
    pub(crate) fn heal(&mut self, now: Moment) {
        if matches!(self.state, State::Open(_)) {
            self.close(now);
        }
    }

    pub(super) fn open(&mut self, now: Moment, retry_after: Option<Duration>) -> Moment {
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.openings = self.openings.saturating_add(1);
        let until = self.rules.open_until((self.born, now), self.in_a_row, retry_after);
        self.enter(State::Open(until));
        until
    }

    fn close(&mut self, now: Moment) {
        self.back = Some(now);
        self.enter(State::Closed(Recent::default()));
    }

    fn enter(&mut self, state: State) {
        match &state {
            State::Closed(_) => tracing::debug!("a breaker closed"),
            State::HalfOpen(_) => tracing::debug!("a breaker is half open"),
            State::Open(until) => tracing::debug!(%until, openings = self.openings, "a breaker opened"),
        }
        self.state = state;
        self.due = None;
        self.generation += 1;
    }
}

#[cfg(test)]
mod tests;
