//! What can be told before a run: whether the breaker will have a reason to open, and whether it can be counted.

use policy::WayBack;
use units::Timespan;

use measure::automata::member::Rule;

use super::{Breaker, Word};
use crate::forecast::{Forecast, Outlook, is_failure};

/// With more requests on their way while a failure becomes known, the failures until a breaker opens can't be counted.
const WAITING_MAX: f64 = 1.0;

/// Each of two neighbours may be left with this probability, for both to be told apart as likely as not.
const LEFT: f64 = 0.25;

impl Breaker {
    /// What is foreseen of the whole, or of one word.
    pub(in crate::expect) fn foreseen(&self, outlook: &Outlook<'_>, word: Option<Word>) -> Vec<Forecast> {
        if self.stays_closed {
            return Vec::new();
        }
        let named = |index: usize| {
            self.backend.as_ref().is_none_or(|name| outlook.brief.backends[index].name == *name)
        };
        let breaks = |index: usize| {
            let mut on_it = outlook.injections().filter(|one| one.backends.contains(&(index as u16)));
            on_it.any(|one| one.outline.is_none_or(|outline| is_failure(outline.does)))
        };
        let faulty: Vec<usize> = (0..outlook.brief.backends.len())
            .filter(|index| named(*index))
            .filter(|index| breaks(*index))
            .collect();
        let Some(backend) = faulty.first().copied() else {
            let why = "no fault here makes a backend fail, so no breaker has a reason to open";
            return vec![Forecast::CannotPass(why.into())];
        };
        let stretch = outlook.stretch();
        let end = outlook.brief.phases.last().map_or(stretch.to, |phase| phase.during.to);
        if end.since(stretch.from) < *self.open_for {
            return vec![Forecast::CannotPass(format!(
                "the run ends {} after the phase begins, before an open time of {} is over",
                Timespan(end.since(stretch.from)),
                self.open_for
            ))];
        }
        let length = stretch.length().as_secs_f64();
        let Some(requests) = outlook.requests().filter(|_| length > 0.0) else { return Vec::new() };
        let missed = requests * outlook.share_of(backend) * self.open_for.as_secs_f64() / length;
        let reason = self.reasons(outlook, &faulty);
        let missed = Forecast::exposures("requests that a backend misses during `open_for`", missed, 14);
        let open_for =
            self.untold_open_for(outlook).filter(|_| word.is_none_or(|word| word == Word::OpenFor));
        let lenient = self.lenient(requests * outlook.share_of(backend));
        let told = self.told_apart(outlook, &faulty).filter(|_| word.is_none_or(|word| word == Word::Trip));
        reason.into_iter().chain([missed]).chain(told).chain(open_for).chain(lenient).collect()
    }

    /// How many openings there will be that may tell one failure more or less apart: of one of them, a request that comes just
    /// when the failure becomes known may leave it open. None where a share opens it, or where too little is foreseen anyway.
    fn told_apart(&self, outlook: &Outlook<'_>, faulty: &[usize]) -> Option<Forecast> {
        let mut declared = outlook.brief.policy.breaker.clone()?;
        declared.trip = self.trips_after.trip();
        let trips: f64 = faulty.iter().map(|backend| outlook.trips(*backend, &declared)).sum();
        let apart = |backend: &usize| outlook.told_apart(*backend, &declared);
        let apart = faulty.iter().map(apart).fold(1.0, f64::min);
        if declared.trip.share.is_some() || trips <= 0.0 || apart >= 1.0 {
            return None;
        }
        // So many are needed for both neighbours to be told apart as likely as not.
        let needed = (LEFT.ln() / (1.0 - apart).ln()).max(f64::MIN_POSITIVE);
        Some(Forecast::Exposures {
            what: "openings that tell one failure more or less apart".into(),
            expected: trips,
            needed,
            remedy: "plan more outages, or on more backends, or a lower rate; or allow for what can't be told with `slack`".into(),
        })
    }

    /// That what is allowed is no less than all that a backend gets.
    fn lenient(&self, due: f64) -> Option<Forecast> {
        let allowed = [("leaked_max", self.leaked_max), ("slack", u64::from(self.slack))];
        let (key, count) = allowed.into_iter().find(|(_, count)| *count as f64 >= due)?;
        Some(Forecast::Doubtful(format!(
            "`{key} = {count}` allows all of the {due:.0} requests that a backend gets there"
        )))
    }

    /// That the open time can't be told where something else than its end brings traffic back.
    fn untold_open_for(&self, outlook: &Outlook<'_>) -> Option<Forecast> {
        let declared = outlook.brief.policy.breaker.as_ref();
        let what = match self.way_back.or_else(|| declared.and_then(|breaker| breaker.way_back))? {
            WayBack::Check => "a health check brings traffic back later",
            WayBack::Ramp(_) => "traffic comes back little by little",
            WayBack::Probe | WayBack::All => return None,
        };
        Some(Forecast::Doubtful(format!(
            "{what}, so that a shorter open time may look the same: let `policy` judge `breaker.trip` by itself"
        )))
    }

    /// How often what is planned would open the breaker of the backend that fails most, were it closed again at once. None
    /// where the policy does not say the same of the breaker.
    fn reasons(&self, outlook: &Outlook<'_>, faulty: &[usize]) -> Option<Forecast> {
        let mut declared = outlook.brief.policy.breaker.clone()?;
        declared.trip = self.trips_after.trip();
        let often = |backend: &usize| outlook.openings(*backend, &declared);
        let most = faulty.iter().max_by(|one, other| often(one).total_cmp(&often(other)))?;
        let (often, waiting) = (often(most), outlook.on_their_way(*most, &declared));
        let mixed = outlook.is_mixed(*most, &declared);
        if self.workers > 1 && (self.trips_after.within.is_some() || waiting > WAITING_MAX || mixed) {
            return Some(Forecast::Doubtful(format!(
                "{} workers count for themselves, and nobody can follow which of them a request came to: let it trip after \
                 failures in a row that are known at once, and let all requests of the backend fail",
                self.workers
            )));
        }
        let all_faulty = (0..outlook.brief.backends.len())
            .all(|index| outlook.injections().any(|one| one.backends.contains(&(index as u16))));
        let panics = declared.all_out == Some(policy::AllOut::Panic);
        if panics && !declared.scope.is_backend() {
            return Some(Forecast::Doubtful(
                "one breaker stands for all backends, and with `all_out = \"panic\"` they get traffic while it is open: let \
                 it shed, or stand for each backend"
                    .into(),
            ));
        }
        if panics && all_faulty {
            return Some(Forecast::Doubtful(
                "every backend has a fault, and with `all_out = \"panic\"` all get traffic while their breakers are open: \
                 leave one backend without a fault"
                    .into(),
            ));
        }
        if waiting > WAITING_MAX + f64::from(self.slack) {
            return Some(Forecast::Doubtful(format!(
                "about {waiting:.0} requests are on their way while a failure becomes known, so that nobody can count after \
                 how many it opens: plan a fault that answers at once, or a lower rate"
            )));
        }
        Some(Forecast::Exposures {
            what: format!("times that {} come up", Rule::of(&declared.trip).words()),
            expected: often,
            needed: 1.0,
            remedy: "make the fault hit more of the requests, or send more of them".into(),
        })
    }
}
