//! What the planned faults will do to attempts, segment by segment: they overlap, hide each other, and end.

use measure::brief::{FaultDoes, InjectionBrief};
use units::{Moment, Stretch};

use super::{Forecast, Outlook};

impl<'a> Outlook<'a> {
    /// The settled part, cut wherever a fault begins or ends: in each segment the same faults are in force.
    pub(super) fn segments(&self) -> Vec<Stretch> {
        let stretch = self.stretch();
        let edges = self.injections().flat_map(|one| [one.during.from, one.during.to]);
        let mut cuts: Vec<Moment> = edges.filter(|edge| stretch.contains(*edge)).collect();
        cuts.extend([stretch.from, stretch.to]);
        cuts.sort_unstable();
        cuts.dedup();
        cuts.windows(2).map(|pair| Stretch { from: pair[0], to: pair[1] }).collect()
    }

    /// The injections that act on a backend in a segment, in their order.
    fn on(&self, backend: usize, segment: Stretch) -> impl DoubleEndedIterator<Item = &'a InjectionBrief> {
        let found: Vec<_> = self
            .injections()
            .filter(|one| one.backends.contains(&(backend as u16)) && one.during.overlaps(&segment))
            .collect();
        found.into_iter()
    }

    /// The probability that attempt `number` (from 1) at a backend is given the effect of an injection that `counts`.
    ///
    /// Nothing arrives where connections are refused. Delays come before any answer, and one that outlasts the per-try timer
    /// leaves no answer to be given; of several answers the last one is given.
    pub(super) fn given(
        &self,
        backend: usize,
        number: u16,
        segment: Stretch,
        counts: impl Fn(&InjectionBrief) -> bool,
    ) -> f64 {
        if let Some(refusing) = self.on(backend, segment).find(|one| does(one) == Some(FaultDoes::Refuses)) {
            return f64::from(u8::from(counts(refusing)));
        }
        let per_try = self.brief.policy.timeout.per_try;
        let (mut in_time, mut unless_delayed) = (1.0, 1.0);
        let (mut answered, mut open) = (0.0, 1.0);
        for one in self.on(backend, segment).rev() {
            let Some(outline) =
                one.outline.filter(|outline| outline.first.is_none_or(|first| number <= first))
            else {
                continue;
            };
            let share = outline.share.get();
            match outline.does {
                FaultDoes::Delays { .. } if counts(one) => unless_delayed *= 1.0 - share,
                FaultDoes::Delays { most, .. } => {
                    in_time *= if per_try.is_some_and(|timer| most > timer) { 1.0 - share } else { 1.0 };
                }
                _ => {
                    answered += if counts(one) { open * share } else { 0.0 };
                    open *= 1.0 - share;
                }
            }
        }
        1.0 - unless_delayed * (1.0 - in_time * answered)
    }

    /// How many first attempts will be given the effect of an injection, or how many times it closes a listener.
    pub fn effects(&self, of: &InjectionBrief) -> Option<f64> {
        if of.closes_listener || of.outline.is_none() {
            return Some(f64::INFINITY);
        }
        let (requests, length) = (self.requests()?, self.stretch().length().as_secs_f64());
        let part = |segment: &Stretch| segment.length().as_secs_f64() / length.max(1e-9);
        let at = |backend: &u16| {
            let backend = usize::from(*backend);
            let here = self.segments().into_iter().filter(|segment| of.during.overlaps(segment));
            let given = here.map(|segment| {
                let hit = self.given(backend, 1, segment, |one| std::ptr::eq(one, of));
                hit * part(&segment) * self.in_use(backend, segment)
            });
            given.sum::<f64>() * self.share_of(backend)
        };
        Some(requests * of.backends.iter().map(at).sum::<f64>())
    }

    /// Whether a planned fault will take effect at all: it may lie behind another one, or behind an open breaker.
    pub fn takes_effect(&self, of: &InjectionBrief) -> Option<Forecast> {
        let on = of.backends.iter().map(|backend| format!("`{}`", self.brief.backend_name(*backend)));
        let on: Vec<String> = on.collect();
        let what = format!("attempts that `{}` on {} takes effect on", of.fault, on.join(", "));
        let expected = self.effects(of).filter(|expected| expected.is_finite())?;
        Some(Forecast::Exposures {
            what,
            expected,
            needed: 1.0,
            remedy:
                "plan it where no other fault of the backend comes before it, and before its breaker opens"
                    .into(),
        })
    }

    /// The part of the settled time, from 0 to 1, in which a fault hides attempts: it turns connections away.
    pub fn hidden(&self) -> f64 {
        let length = self.stretch().length().as_secs_f64();
        let hides = |segment: &Stretch| {
            self.injections().any(|one| one.hides_attempts && one.during.overlaps(segment))
        };
        let hidden = self.segments().into_iter().filter(hides);
        hidden.map(|segment| segment.length().as_secs_f64()).sum::<f64>() / length.max(1e-9)
    }

    /// That attempts can't be counted, where a fault hides too many of them.
    pub fn uncounted(&self) -> Option<Forecast> {
        let hidden = self.hidden();
        (hidden > HIDDEN_MAX).then(|| {
            Forecast::Doubtful(format!(
                "a fault turns connections away in {:.0} % of the time, and nobody can count what it hides: expect it of \
                 another phase",
                hidden * 100.0
            ))
        })
    }

    /// Requests that a backend will answer with a body of its own, on average.
    pub fn answered(&self) -> Option<f64> {
        let no_answer = |does: FaultDoes| {
            matches!(does, FaultDoes::Hangs | FaultDoes::Breaks | FaultDoes::Cuts | FaultDoes::Refuses)
        };
        let length = self.stretch().length().as_secs_f64().max(1e-9);
        let at = |backend: usize, segment: Stretch| {
            let silent = |one: &InjectionBrief| one.outline.is_some_and(|outline| no_answer(outline.does));
            self.share_of(backend)
                * self.in_use(backend, segment)
                * (1.0 - self.given(backend, 1, segment, silent))
                * (segment.length().as_secs_f64() / length)
        };
        let backends = 0..self.brief.backends.len();
        let all = backends.flat_map(|backend| self.segments().into_iter().map(move |one| (backend, one)));
        Some(self.requests()? * all.map(|(backend, segment)| at(backend, segment)).sum::<f64>())
    }

    /// Requests that find every backend left alone, on average.
    pub fn shed(&self) -> Option<f64> {
        let length = self.stretch().length().as_secs_f64().max(1e-9);
        let breaker = self.brief.policy.breaker.as_ref();
        let pool = breaker.is_some_and(|breaker| !breaker.scope.is_backend());
        let panics = breaker.is_some_and(|breaker| breaker.all_out == Some(policy::AllOut::Panic));
        let out = |segment: Stretch| {
            let backends = (0..self.brief.backends.len()).filter(|backend| self.share_of(*backend) > 0.0);
            let out = backends.map(|backend| {
                if self.surely_opens(backend, segment) { 1.0 - self.in_use(backend, segment) } else { 0.0 }
            });
            let all = if pool { out.fold(0.0, f64::max) } else { out.product() };
            all * segment.length().as_secs_f64() / length
        };
        let part: f64 = if panics { 0.0 } else { self.segments().into_iter().map(out).sum() };
        Some(self.requests()? * part)
    }
}

/// Of more than a tenth of the observations, nothing must be hidden.
const HIDDEN_MAX: f64 = 0.1;

fn does(injection: &InjectionBrief) -> Option<FaultDoes> {
    injection.outline.map(|outline| outline.does)
}
