//! What an experiment showed.

use std::time::Duration;

use evidence::{Attempt, Ledger, Probe};
use measure::brief::Brief;
use measure::stalls::Stalls;
use measure::strangers::Strangers;
use measure::view::{Place, View};
use units::Moment;

/// What an experiment showed.
pub(crate) struct Seen {
    pub(crate) name: String,
    pub(crate) brief: Brief,
    pub(crate) ledger: Ledger,
    pub(crate) stalls: Stalls,
}

/// A time in which a backend that was in use got no request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence {
    /// The last arrival before; its place among the backend's arrivals.
    pub(crate) last: usize,
    /// From that arrival on.
    pub(crate) from: Moment,
    /// To the next arrival, or to the end of what was recorded.
    pub(crate) to: Moment,
    /// False if no arrival followed.
    pub(crate) ended: bool,
}

/// A gap between two arrivals is a silence if it is so many times the mean one: under arrivals at random, chance makes one in
/// a hundred thousand as long.
const GAPS: f64 = 12.0;

/// And no shorter than this, which a stall of the machine or a connection that is opened anew may take.
const SILENCE_MIN: Duration = Duration::from_millis(60);

impl Seen {
    /// The view of a phase and, if one is named, a class.
    pub(crate) fn view(&self, phase: &str, class: Option<&str>) -> View<'_> {
        let phase = self.brief.phase_named(phase).unwrap_or_default();
        let class = class.and_then(|name| self.brief.traffic.iter().position(|class| class.name == name));
        let place = Place { phase, traffic: class.map(|class| class as u16), ..Place::default() };
        View::of(&self.brief, &self.ledger, &self.stalls, place)
    }

    /// What arrived at some backends, in order.
    pub(crate) fn arrivals(&self, backends: &[u16]) -> Vec<&Attempt> {
        let mut found: Vec<&Attempt> =
            self.ledger.attempts().iter().filter(|attempt| backends.contains(&attempt.backend)).collect();
        found.sort_by_key(|attempt| attempt.arrived);
        found
    }

    /// That others than the gateway may have asked backends, if they may.
    pub(crate) fn strangers(&self) -> Option<String> {
        let strangers = Strangers::of(&self.brief, &self.ledger);
        strangers.told(&self.brief).filter(|_| !strangers.arrivals.is_empty())
    }

    /// The gateway's own health checks that arrived at a backend, in order.
    pub(crate) fn checks(&self, backend: u16) -> Vec<&Probe> {
        let mut found: Vec<&Probe> =
            self.ledger.rest().probes.iter().filter(|check| check.backend == backend).collect();
        found.sort_by_key(|check| check.arrived);
        found
    }

    /// True if no backend was left alone in a phase, as far as calm traffic of so many requests a second tells.
    pub(crate) fn all_in_use(&self, phase: &str, rate: f64) -> bool {
        let during = self.view(phase, None).phase();
        (0..self.brief.backends.len()).all(|backend| {
            let own = rate * self.brief.weight_share(backend);
            own < 1.0
                || self.silences(&self.arrivals(&[backend as u16]), own, during.from, during.to).is_empty()
        })
    }

    /// The times from `from` to `to` in which a backend got nothing although it had a share of `rate` requests a second.
    pub(crate) fn silences(
        &self,
        arrivals: &[&Attempt],
        rate: f64,
        from: Moment,
        to: Moment,
    ) -> Vec<Silence> {
        let least = Duration::from_secs_f64(GAPS / rate.max(1.0)).max(SILENCE_MIN);
        let mut found = Vec::new();
        for (last, attempt) in arrivals.iter().enumerate() {
            let next = arrivals.get(last + 1);
            let until = next.map_or(to, |next| next.arrived).min(to);
            let stalled = self.stalls.touching(attempt.arrived, until);
            let long = attempt.arrived >= from && until > attempt.arrived + least.saturating_add(stalled);
            if long {
                let ended = next.is_some_and(|next| next.arrived <= to);
                found.push(Silence { last, from: attempt.arrived, to: until, ended });
            }
        }
        found
    }
}
