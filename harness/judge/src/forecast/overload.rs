//! How many requests come while as many are under way as may be.

use measure::brief::FaultDoes;
use measure::view::Place;
use policy::{Limit, Scope};
use units::{Stretch, Timespan};

use super::Outlook;

impl Outlook<'_> {
    /// Requests of the settled part that find all turns of a limit taken, on average: as many as are asked for beyond what the
    /// turns can serve. It errs on the low side, because requests that come at random find them taken also before that.
    pub fn beyond(&self, limit: &Limit) -> Option<f64> {
        let all = Outlook { place: Place { traffic: None, ..self.place }, ..*self };
        let (own, length) = (self.requests()?, self.stretch().length().as_secs_f64().max(1e-9));
        let rate = all.requests()? / length;
        let first: Vec<usize> =
            (0..self.brief.backends.len()).filter(|backend| self.share_of(*backend) > 0.0).collect();
        let pools = if limit.scope == Scope::Pool { 1 } else { first.len() };
        let turns = f64::from(limit.in_flight) * pools as f64;
        let beyond = |segment: Stretch| {
            let took = |backend: &usize| self.share_of(*backend) * all.service_time(*backend, segment);
            let asked = rate * first.iter().map(took).sum::<f64>();
            (1.0 - turns / asked.max(1e-9)).max(0.0)
        };
        Some(own * self.over_segments(beyond))
    }

    /// How long an attempt is under way at a backend in a segment, in seconds, on average.
    fn service_time(&self, backend: usize, segment: Stretch) -> f64 {
        let timeout = &self.brief.policy.timeout;
        let given_up = timeout.per_try.or(timeout.total).unwrap_or_else(|| self.deadline()).as_secs_f64();
        let here = self
            .injections()
            .filter(|one| one.during.overlaps(&segment) && one.backends.contains(&(backend as u16)));
        let half = |least: Timespan, most: Timespan| f64::midpoint(least.as_secs_f64(), most.as_secs_f64());
        let took = here.filter_map(|one| one.outline).map(|outline| match outline.does {
            FaultDoes::Delays { least, most } => outline.share.get() * half(least, most),
            FaultDoes::Hangs => outline.share.get() * given_up,
            _ => 0.0,
        });
        took.sum::<f64>().min(given_up)
    }
}
