//! The settled part of a phase that an expectation looks at, and how noisy it was.

use std::time::Duration;

use evidence::{Attempt, Entry, Ledger, Outcome};
use units::Stretch;

use crate::{Brief, Demand, InjectionBrief};

/// The settled part of a phase, and what is planned in it.
#[derive(Clone, Copy)]
pub struct Window<'a> {
    /// The run as planned.
    pub brief: &'a Brief,
    /// The demand that is judged.
    pub demand: &'a Demand,
    /// The phase without its settling time.
    pub stretch: Stretch,
}

/// How far brownout itself was from its plan in a window. Figures finer than this can't be told.
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

impl<'a> Window<'a> {
    /// The window of a demand.
    pub fn of(brief: &'a Brief, demand: &'a Demand) -> Self {
        let phase = brief.phases[demand.phase].during;
        let from = (phase.from + *demand.settle).min(phase.to);
        Window { brief, demand, stretch: Stretch { from, to: phase.to } }
    }

    /// The exchanges that were due in the window, of the traffic that the demand is about.
    pub fn entries<'l>(&self, ledger: &'l Ledger) -> impl Iterator<Item = Entry<'l>> {
        let (stretch, traffic) = (self.stretch, self.demand.traffic);
        ledger.entries().filter(move |entry| {
            stretch.contains(entry.exchange.due) && traffic.is_none_or(|class| entry.exchange.class == class)
        })
    }

    /// The injections that are in force at some time in the window, with their index.
    pub fn injections(&self) -> impl Iterator<Item = (u16, &'a InjectionBrief)> {
        let stretch = self.stretch;
        let indexed = self.brief.injections.iter().enumerate();
        indexed
            .filter(move |(_, injection)| injection.during.overlaps(&stretch))
            .map(|(index, injection)| (index as u16, injection))
    }

    /// Why arrivals can't be counted in the window, if a fault in it hides attempts.
    pub fn hidden_attempts(&self) -> Option<String> {
        let hiding = self.injections().find(|(_, injection)| injection.hides_attempts)?;
        Some(format!(
            "the fault `{}` hides attempts: what it turns away leaves no trace at a backend",
            hiding.1.fault
        ))
    }

    /// How far brownout itself was from its plan in the window.
    pub fn noise(&self, ledger: &Ledger) -> Noise {
        let mut lags: Vec<Duration> = Vec::new();
        let mut delays: Vec<Duration> = Vec::new();
        let mut skipped = 0;
        for entry in self.entries(ledger) {
            if entry.exchange.outcome == Outcome::Skipped {
                skipped += 1;
            } else {
                lags.push(entry.exchange.lag());
            }
            let delayed = entry.attempts.iter().filter(|attempt| attempt.delay > 0);
            delays.extend(delayed.map(|attempt| Duration::from_nanos(attempt.delay_error.unsigned_abs())));
        }
        let hiccups = ledger.rest().hiccups.iter().filter(|hiccup| self.stretch.contains(hiccup.at));
        Noise {
            lag_p99: p99(&mut lags),
            skipped,
            hiccup_max: Duration::from_nanos(hiccups.map(|hiccup| hiccup.length).max().unwrap_or(0)),
            delay_error_p99: p99(&mut delays),
        }
    }
}

/// True if any planned fault hit the attempt.
pub(crate) fn was_hit(attempt: &Attempt) -> bool {
    attempt.injections != 0
}

fn p99(lengths: &mut [Duration]) -> Duration {
    if lengths.is_empty() {
        return Duration::ZERO;
    }
    let index = (lengths.len() * 99).div_ceil(100) - 1;
    *lengths.select_nth_unstable(index).1
}
