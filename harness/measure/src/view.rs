//! The settled part of a phase that a behaviour is looked for in, and what in it is not the gateway's.

use std::time::Duration;

use evidence::{Attempt, Entry, Ledger, Outcome};
use units::stats::quantile;
use units::{Moment, Stretch, Timespan};

use crate::arrivals::recorded_to;
use crate::aside::{SetAside, Why};
use crate::brief::{Brief, InjectionBrief};
use crate::bystanders::Bystanders;
use crate::stalls::Stalls;
use crate::unhurried::is_unhurried;

/// A stall of this length changes what happens and not only when: timers of a gateway fire because a backend answered
/// late. Shorter ones are ordinary jitter, which retries and breakers don't react to.
pub const STALL_BORNE: Duration = Duration::from_millis(20);

/// Where a behaviour is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The phase, by its index.
    pub phase: usize,
    /// The traffic class, by its index; all of them without it.
    pub traffic: Option<u16>,
    /// How much of the phase's start is left out, for the gateway to settle.
    pub settle: Timespan,
    /// The fewest cases that the scenario asks for; the behaviour's own minimum without it.
    pub samples_min: Option<u64>,
    /// True if the scenario names no phase, and all that have a fault are looked at.
    pub whole_run: bool,
}

/// A ledger, seen from one place.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The run as planned.
    pub brief: &'a Brief,
    /// What was recorded.
    pub ledger: &'a Ledger,
    /// When brownout itself stood still.
    pub stalls: &'a Stalls,
    /// Where it looks.
    pub place: Place,
    /// The phase without its settling time, as planned.
    pub planned: Stretch,
    /// The part of it that was recorded.
    pub stretch: Stretch,
    /// If only these requests are looked at.
    only: Option<&'a Bystanders>,
}

/// What an observation must show to count.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// All attempts of the request must be on record.
    pub attempts: bool,
    /// The client must have stayed until the gateway was done.
    pub client: bool,
    /// The longest disturbance by brownout itself that is borne.
    pub disturbance: Duration,
    /// True if only what came before its first attempt matters. How long it took afterwards must not decide whether it
    /// counts: of slow backends, a stall touches nearly every request.
    pub first: bool,
}

impl Sight {
    /// For counts: all attempts, a client that stayed, no stall that timers would react to.
    pub const COUNTS: Sight = Sight { attempts: true, client: true, disturbance: STALL_BORNE, first: false };

    /// For what the client saw: attempts may be hidden.
    pub const OUTCOMES: Sight =
        Sight { attempts: false, client: false, disturbance: STALL_BORNE, first: false };
}

/// How far brownout itself was from its plan in a stretch. Figures finer than this can't be told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Noise {
    /// Lag of the driver, 99th percentile.
    pub lag_p99: Duration,
    /// Requests that were due and never sent, because too many were in flight.
    pub skipped: u64,
    /// The longest stall of the machine.
    pub hiccup_max: Duration,
    /// Error of planned delays, 99th percentile.
    pub delay_error_p99: Duration,
}

impl Noise {
    /// The length that can't be told apart from noise.
    pub fn resolution(&self) -> Duration {
        self.lag_p99.max(self.hiccup_max).max(self.delay_error_p99)
    }
}

impl<'a> View<'a> {
    /// The view from a place. The place's indices must fit the brief.
    pub fn of(brief: &'a Brief, ledger: &'a Ledger, stalls: &'a Stalls, place: Place) -> Self {
        let phase = brief.phases[place.phase].during;
        let from = (phase.from + *place.settle).min(phase.to);
        let planned = Stretch { from, to: phase.to };
        let rest = ledger.rest();
        // A whole run is recorded whole: its end is when its last request was over.
        let recorded = if rest.cut || rest.early.is_some() { recorded_to(ledger) } else { phase.to };
        let to = phase.to.min(recorded).max(phase.from);
        let stretch = Stretch { from: from.min(to), to };
        View { brief, ledger, stalls, place, planned, stretch, only: None }
    }

    /// The same with another traffic class.
    pub fn with_traffic(self, traffic: Option<u16>) -> Self {
        View { place: Place { traffic, ..self.place }, ..self }
    }

    /// The same at another phase, whole.
    pub fn at_phase(self, phase: usize) -> Self {
        let place = Place { phase, settle: Timespan::default(), ..self.place };
        View { only: self.only, ..View::of(self.brief, self.ledger, self.stalls, place) }
    }

    /// The same of bystanders only.
    pub fn only(self, bystanders: &'a Bystanders) -> Self {
        View { only: Some(bystanders), ..self }
    }

    /// The phase with its settling time, as far as it was recorded.
    pub fn phase(&self) -> Stretch {
        let phase = self.brief.phases[self.place.phase].during;
        Stretch { from: phase.from, to: self.stretch.to.max(phase.from) }
    }

    /// The phase's name.
    pub fn phase_name(&self) -> &'a str {
        &self.brief.phases[self.place.phase].name
    }

    /// True if an exchange of this class is looked at.
    pub fn takes(&self, class: u16) -> bool {
        self.place.traffic.is_none_or(|traffic| traffic == class)
    }

    /// The exchanges that were due in the stretch, of the traffic that is looked at. Skipped ones are among them.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        self.entries_due(self.stretch)
    }

    /// The exchanges that were due in another stretch, of the traffic that is looked at.
    pub fn entries_due(&self, stretch: Stretch) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let (traffic, only) = (self.place.traffic, self.only);
        let due = self.ledger.due_in(stretch);
        due.filter(move |entry| {
            traffic.is_none_or(|class| entry.exchange.class == class)
                && only.is_none_or(|bystanders| bystanders.has(entry))
        })
    }

    /// The exchanges that count, one by one; the others are set aside.
    pub fn sound(&self, sight: Sight, aside: &mut SetAside) -> impl Iterator<Item = Entry<'a>> {
        self.entries().filter(move |entry| match self.why_apart(entry, sight) {
            None => true,
            Some(why) => {
                aside.note(why, entry.exchange);
                false
            }
        })
    }

    /// Why an exchange says nothing of the gateway here, if it does not.
    pub fn why_apart(&self, entry: &Entry<'_>, sight: Sight) -> Option<Why> {
        let exchange = entry.exchange;
        if matches!(exchange.outcome, Outcome::Skipped | Outcome::Unfinished) {
            Some(Why::Lost)
        } else if exchange.outcome == Outcome::OwnLimit {
            Some(Why::OwnLimit)
        } else if exchange.outcome == Outcome::BeyondBounds {
            Some(Why::BeyondBounds)
        } else if self.is_at_edge(entry) {
            Some(Why::Edge)
        } else if sight.client && client_left(entry) {
            Some(Why::ClientLeft)
        } else if sight.attempts && self.may_hide(entry) {
            Some(Why::Hidden)
        } else if self.is_disturbed_in(entry, sight) {
            Some(Why::Stalled)
        } else {
            None
        }
    }

    /// True if the exchange was met by an injection that is not in force in its phase, or by one that may have turned
    /// it away, or sent only after its phase was over: it belongs to the neighbouring phase as much as to this one.
    pub fn is_at_edge(&self, entry: &Entry<'_>) -> bool {
        let phase = self.brief.phases[self.place.phase].during;
        // Brownout stood still, or its driver fell behind: the request met the next phase.
        if entry.exchange.sent >= phase.to && entry.exchange.due < phase.to {
            return true;
        }
        let hits = entry.attempts.iter().fold(0, |bits, attempt| bits | attempt.injections);
        let foreign = |injection: &InjectionBrief| !injection.during.overlaps(&phase);
        let mut injections = self.brief.injections.iter().take(64).enumerate();
        injections.any(|(index, injection)| {
            foreign(injection)
                && (hits & (1 << index) != 0
                    || (injection.hides_attempts
                        && overlaps(injection.during, entry.exchange.due, entry.exchange.done)))
        })
    }

    /// True if a fault that hides attempts was in force on any backend while the exchange was under way: one of its
    /// attempts may have been turned away without a trace.
    pub fn may_hide(&self, entry: &Entry<'_>) -> bool {
        let (from, to) = (entry.exchange.sent, entry.exchange.done);
        self.brief
            .injections
            .iter()
            .any(|injection| injection.hides_attempts && overlaps(injection.during, from, to))
    }

    /// True if a fault that hides attempts was in force on one backend at some time between two moments.
    pub fn may_hide_at(&self, backend: u16, from: Moment, to: Moment) -> bool {
        self.brief.injections.iter().any(|injection| {
            injection.hides_attempts
                && injection.backends.contains(&backend)
                && overlaps(injection.during, from, to)
        })
    }

    /// By how much brownout itself may have disturbed an exchange: stalls that touch it, the driver's lag, and the error
    /// of planned delays, whichever is largest.
    pub fn disturbance(&self, entry: &Entry<'_>) -> Duration {
        let exchange = entry.exchange;
        let stalled = self.stalls.touching(exchange.due, exchange.done);
        let errors = entry.attempts.iter().map(delay_error);
        errors.fold(stalled.max(exchange.lag()), Duration::max)
    }

    /// True if brownout itself disturbed what is looked at of an exchange by more than is borne.
    pub fn is_disturbed_in(&self, entry: &Entry<'_>, sight: Sight) -> bool {
        let (first, exchange) = (entry.attempts.first().filter(|_| sight.first), entry.exchange);
        match first {
            Some(first) => {
                self.stalls.touching(exchange.due, first.arrived).max(exchange.lag()) > sight.disturbance
            }
            None => self.is_disturbed(entry, sight.disturbance),
        }
    }

    /// True if brownout itself disturbed an exchange by more than is borne, and may have changed what became of it.
    pub fn is_disturbed(&self, entry: &Entry<'_>, borne: Duration) -> bool {
        self.disturbance(entry) > borne && !is_unhurried(self.brief, self.stalls, entry)
    }

    /// The injections that are in force at some time in the phase, its settling time included, and may hit the traffic that
    /// is looked at, with their index.
    ///
    /// The settling time counts: a breaker that opens in it shields the rest of the phase from the fault, and that is
    /// what the phase was made to show.
    pub fn injections(&self) -> impl Iterator<Item = (u16, &'a InjectionBrief)> + use<'a> {
        let (phase, traffic) = (self.phase(), self.place.traffic);
        let indexed = self.brief.injections.iter().enumerate();
        indexed
            .filter(move |(_, injection)| {
                injection.during.overlaps(&phase) && traffic.is_none_or(|class| injection.may_hit(class))
            })
            .map(|(index, injection)| (index as u16, injection))
    }

    /// Why arrivals can't be counted in the stretch, if a fault in it hides attempts.
    pub fn hidden_attempts(&self) -> Option<String> {
        let hiding = self.injections().find(|(_, injection)| injection.hides_attempts)?;
        Some(format!(
            "the fault `{}` hides attempts: what it turns away leaves no trace at a backend",
            hiding.1.fault
        ))
    }

    /// How far brownout itself was from its plan in the stretch.
    pub fn noise(&self) -> Noise {
        let mut lags: Vec<Duration> = Vec::new();
        let mut delays: Vec<Duration> = Vec::new();
        let mut skipped = 0;
        for entry in self.entries() {
            if entry.exchange.outcome == Outcome::Skipped {
                skipped += 1;
            } else {
                lags.push(entry.exchange.lag());
            }
            let delayed = entry.attempts.iter().filter(|attempt| attempt.delay > 0);
            delays.extend(delayed.map(|attempt| Duration::from_nanos(attempt.delay_error.unsigned_abs())));
        }
        let hiccups = self.ledger.rest().hiccups.iter().filter(|hiccup| self.stretch.contains(hiccup.at));
        Noise {
            lag_p99: quantile(&mut lags, 0.99).unwrap_or_default(),
            skipped,
            hiccup_max: Duration::from_nanos(hiccups.map(|hiccup| hiccup.length).max().unwrap_or(0)),
            delay_error_p99: quantile(&mut delays, 0.99).unwrap_or_default(),
        }
    }

    /// True if a fault is planned in the phase.
    pub fn is_faulty(&self) -> bool {
        self.injections().next().is_some()
    }
}

fn overlaps(during: Stretch, from: Moment, to: Moment) -> bool {
    during.from <= to && from < during.to
}

/// True if the client went before the gateway was done: by its deadline, or on purpose.
pub fn client_left(entry: &Entry<'_>) -> bool {
    matches!(entry.exchange.outcome, Outcome::ClientTimeout | Outcome::ClientAbort)
}

/// True if any planned fault hit the attempt.
pub fn was_hit(attempt: &Attempt) -> bool {
    attempt.injections != 0
}

/// By how much a planned delay of an attempt was missed; zero without a delay.
fn delay_error(attempt: &Attempt) -> Duration {
    if attempt.delay == 0 { Duration::ZERO } else { Duration::from_nanos(attempt.delay_error.unsigned_abs()) }
}
