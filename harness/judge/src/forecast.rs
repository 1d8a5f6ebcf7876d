//! What can be told of a demand before anything runs: how many cases will come up in which a gateway that breaks it
//! would show it, and whether it can fail or pass at all.

mod effects;
mod failing;
mod leaving;
mod overload;
mod shield;

use measure::brief::{Brief, FaultDoes, InjectionBrief};
use measure::view::Place;
use policy::RetryOn;
use units::{Stretch, Timespan};

pub use shield::is_counted;

/// The plan, seen from the place of a demand.
#[derive(Clone, Copy, Debug)]
pub struct Outlook<'a> {
    /// The run as planned.
    pub brief: &'a Brief,
    /// Where the demand looks.
    pub place: Place,
}

/// What is foreseen of one claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Forecast {
    /// So many cases will come up, and so many are needed.
    Exposures {
        /// What they are cases of: `requests whose first 2 attempts fail`.
        what: String,
        /// How many will come up, on average.
        expected: f64,
        /// How many prove something.
        needed: f64,
        /// What would bring more of them.
        remedy: String,
    },
    /// No gateway can break it: why.
    CannotFail(String),
    /// No gateway can be proven to keep it: why.
    CannotPass(String),
    /// It can do both, but will hardly say what was meant: why.
    Doubtful(String),
}

impl Forecast {
    /// So many cases of something; they come with the requests of the phase.
    pub fn exposures(what: impl Into<String>, expected: f64, needed: u64) -> Self {
        // The sum of nothing is -0, which nobody wants to read.
        let (expected, needed) = (expected + 0.0, needed as f64);
        let remedy = if expected > 0.0 {
            format!(
                "send {:.1} times as many requests, or make the phase so much longer",
                (needed / expected).max(1.0)
            )
        } else {
            "plan a fault that makes such cases on the backends that this traffic reaches".into()
        };
        Forecast::Exposures { what: what.into(), expected, needed, remedy }
    }

    /// True if fewer cases will come up than are needed.
    pub fn falls_short(&self) -> bool {
        matches!(self, Forecast::Exposures { expected, needed, .. } if expected < needed)
    }
}

impl<'a> Outlook<'a> {
    /// The settled part of the phase.
    pub fn stretch(&self) -> Stretch {
        let phase = self.brief.phases[self.place.phase].during;
        Stretch { from: (phase.from + *self.place.settle).min(phase.to), to: phase.to }
    }

    /// The part of the phase that is left after its settling time, from 0 to 1.
    fn settled(&self) -> f64 {
        let phase = self.brief.phases[self.place.phase].during.length().as_secs_f64();
        if phase > 0.0 { self.stretch().length().as_secs_f64() / phase } else { 0.0 }
    }

    /// The traffic classes that are looked at, by their index.
    pub fn classes(&self) -> impl Iterator<Item = usize> + use<'a> {
        let traffic = self.place.traffic;
        (0..self.brief.traffic.len())
            .filter(move |class| traffic.is_none_or(|traffic| usize::from(traffic) == *class))
    }

    /// Requests that are due in the settled part. None where closed-loop traffic is among them, which sends as many as
    /// the gateway answers.
    pub fn requests(&self) -> Option<f64> {
        self.classes().map(|class| self.requests_of(class)).sum()
    }

    /// Requests of a class that are due in the settled part. None also where a fault is in force of which nobody can tell before
    /// the run what a gateway makes of it.
    pub fn requests_of(&self, class: usize) -> Option<f64> {
        if self.injections().any(|one| self.is_unforeseeable(one)) {
            return None;
        }
        let planned = self.brief.traffic[class].planned.as_ref()?;
        Some(*planned.get(self.place.phase)? as f64 * self.settled())
    }

    /// The injections that are in force at some time in the settled part, and may hit the traffic that is looked at.
    pub fn injections(&self) -> impl Iterator<Item = &'a InjectionBrief> + use<'a> {
        let (stretch, traffic) = (self.stretch(), self.place.traffic);
        self.brief.injections.iter().filter(move |injection| {
            injection.during.overlaps(&stretch) && traffic.is_none_or(|class| injection.may_hit(class))
        })
    }

    /// True if nobody can tell before the run what a gateway makes of a fault, or of which of the requests it hits.
    fn is_unforeseeable(&self, one: &InjectionBrief) -> bool {
        one.outline.is_none() || one.correlated || self.classes().any(|class| !one.may_hit(class as u16))
    }

    /// A backend's share of the traffic while all is well, from its weight within the first priority group.
    pub fn share_of(&self, backend: usize) -> f64 {
        let backends = &self.brief.backends;
        let first = backends.iter().map(|backend| backend.priority).min();
        let of_first = |index: usize| Some(backends[index].priority) == first;
        let total: f64 = (0..backends.len())
            .filter(|index| of_first(*index))
            .map(|index| f64::from(backends[index].weight))
            .sum();
        if of_first(backend) && total > 0.0 { f64::from(backends[backend].weight) / total } else { 0.0 }
    }

    /// The probability that attempt `number` (from 1), once it has arrived at a backend, meets one of the faults that `counts`,
    /// averaged over the settled part.
    pub fn hit_on_arrival(&self, backend: usize, number: u16, counts: impl Fn(FaultDoes) -> bool) -> f64 {
        self.over_segments(|segment| self.given(backend, number, segment, met(&counts)))
    }

    /// The average over the settled part of what holds in each segment.
    fn over_segments(&self, of: impl Fn(Stretch) -> f64) -> f64 {
        let length = self.stretch().length().as_secs_f64().max(1e-9);
        let segments = self.segments().into_iter();
        segments.map(|segment| of(segment) * segment.length().as_secs_f64() / length).sum()
    }

    /// True if a fault is a failure that the declared policy tries again after; without a policy, any failure.
    pub fn is_retried(&self, does: FaultDoes) -> bool {
        let Some(retry) = &self.brief.policy.retry else {
            return is_failure(does);
        };
        let per_try = self.brief.policy.timeout.per_try.or(self.brief.policy.timeout.total);
        let has = |on: RetryOn| retry.on.contains(&on);
        match does {
            FaultDoes::Answers { status } => has(RetryOn::Status(status)),
            FaultDoes::Hangs => has(RetryOn::Timeout),
            FaultDoes::Delays { most, .. } => {
                has(RetryOn::Timeout) && per_try.is_some_and(|timer| most > timer)
            }
            FaultDoes::Breaks => has(RetryOn::Reset),
            FaultDoes::Refuses => has(RetryOn::ConnectFailure),
            // The answer has begun: nobody can try again.
            FaultDoes::Cuts => false,
        }
    }

    /// The longest that a client of the classes that are looked at waits.
    pub fn deadline(&self) -> Timespan {
        self.classes().map(|class| self.brief.traffic[class].deadline).max().unwrap_or_default()
    }
}

/// What an injection does, asked of the injection.
fn met(counts: &impl Fn(FaultDoes) -> bool) -> impl Fn(&InjectionBrief) -> bool {
    move |one| one.outline.is_some_and(|outline| counts(outline.does))
}

/// True if a fault makes an attempt fail, whatever the policy says of it.
pub fn is_failure(does: FaultDoes) -> bool {
    match does {
        FaultDoes::Answers { status } => status >= 500 || status == 429,
        FaultDoes::Delays { .. } => false,
        FaultDoes::Hangs | FaultDoes::Breaks | FaultDoes::Cuts | FaultDoes::Refuses => true,
    }
}
