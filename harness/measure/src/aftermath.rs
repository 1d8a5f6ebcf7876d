//! The time after a fault: which one ended, whether it had taken effect, and what was usual before it.

use std::time::Duration;

use units::stats::share_interval;
use units::{Moment, Stretch};

use crate::brief::{Brief, InjectionBrief};
use crate::choices::FIRST_ATTEMPTS;
use crate::fired::Fired;
use crate::view::View;

/// The time without faults after one.
#[derive(Clone, Debug)]
pub struct Aftermath<'a> {
    /// From the end of the last fault that began before the phase to the end of the phase, or to the next fault.
    pub healthy: Stretch,
    /// When the faults that it comes after were in force.
    pub outage: Stretch,
    /// Those faults, with their index.
    pub injections: Vec<(u16, &'a InjectionBrief)>,
    /// The backends that they were on, in order.
    pub backends: Vec<u16>,
    /// The last phase before them without any fault, by its index.
    pub before: Option<usize>,
}

impl<'a> Aftermath<'a> {
    /// The time after the faults that a phase comes after; None if there were none.
    pub fn of(brief: &'a Brief, phase: usize) -> Option<Self> {
        let during = brief.phases[phase].during;
        let indexed = || brief.injections.iter().enumerate();
        let earlier = || indexed().filter(|(_, injection)| injection.during.from < during.from);
        let (_, last) = earlier().max_by_key(|(_, injection)| injection.during.to)?;
        let from = last.during.to;
        let next = indexed().map(|(_, injection)| injection.during.from).filter(|next| *next >= during.from);
        let to = next.chain([during.to]).min()?.max(from);
        // The faults of the phase in which the last one was: an outage earlier in the run had its own aftermath.
        let start = brief.phases.get(last.phase).map_or(last.during.from, |phase| phase.during.from);
        let hit = earlier().filter(|(_, injection)| injection.during.to > start);
        let injections: Vec<(u16, &InjectionBrief)> =
            hit.map(|(index, injection)| (index as u16, injection)).collect();
        let mut backends: Vec<u16> =
            injections.iter().flat_map(|(_, injection)| injection.backends.iter().copied()).collect();
        backends.sort_unstable();
        backends.dedup();
        let first = injections.iter().map(|(_, injection)| injection.during.from).min().unwrap_or(start);
        let healthy = Stretch { from, to };
        let outage = Stretch { from: first, to: from };
        Some(Aftermath { healthy, outage, injections, backends, before: calm_before(brief, first) })
    }

    /// From when on all must be well again, to the end.
    pub fn judged(&self, within: Duration) -> Stretch {
        let from = (self.healthy.from + within).min(self.healthy.to);
        Stretch { from, to: self.healthy.to }
    }

    /// The part of it in which it can't be told whether the time was over: by so much may a stall of brownout itself have
    /// moved the end of the fault, and what a timer of the gateway does after it.
    pub fn blurred(&self, view: &View<'_>, within: Duration) -> Stretch {
        let judged = self.judged(within);
        let stalled = view.stalls.touching(self.healthy.from, judged.from);
        Stretch { from: judged.from, to: (judged.from + stalled).min(judged.to) }
    }

    /// Why there was nothing to recover from, if one of the faults never took effect on the traffic that is looked at.
    pub fn unproven(&self, view: &View<'_>) -> Option<String> {
        Fired::in_stretch(view, self.outage, self.injections.clone()).problem(view)
    }
}

/// The last phase that ends before a moment and in which no fault is in force, by its index.
pub fn calm_before(brief: &Brief, moment: Moment) -> Option<usize> {
    let calm = |during: Stretch| !brief.injections.iter().any(|injection| injection.during.overlaps(&during));
    brief.phases.iter().rposition(|phase| phase.during.to <= moment && calm(phase.during))
}

/// With fewer first attempts before the first fault, the weights say more than the counted shares.
const BASELINE_MIN: u64 = 100;

/// The share of first attempts that each backend gets while all is well.
#[derive(Clone, Debug)]
pub struct Usual {
    shares: Vec<(f64, f64)>,
}

impl Usual {
    /// As counted before the first fault, on the traffic that is looked at, or as the weights say.
    pub fn of(view: &View<'_>) -> Self {
        let first = view.brief.injections.iter().map(|injection| injection.during.from).min();
        let mut counts = vec![0u64; view.brief.backends.len()];
        let calm = Stretch { from: Moment::EPOCH, to: first.unwrap_or(Moment::NEVER) };
        for entry in view.entries_due(calm).filter(|entry| entry.exchange.done < calm.to) {
            if let Some(first) = entry.attempts.first()
                && !view.is_disturbed_in(&entry, FIRST_ATTEMPTS)
                && let Some(count) = counts.get_mut(usize::from(first.backend))
            {
                *count += 1;
            }
        }
        let total: u64 = counts.iter().sum();
        let backends = 0..counts.len();
        let shares = if total < BASELINE_MIN {
            backends.map(|backend| view.brief.weight_share(backend)).map(|share| (share, share)).collect()
        } else {
            let of = |backend: usize| {
                let share = counts[backend] as f64 / total as f64;
                (share, share_interval(counts[backend], total, 0.999).0)
            };
            backends.map(of).collect()
        };
        Usual { shares }
    }

    /// A backend's share, from 0 to 1; 0 for one in reserve.
    pub fn share(&self, backend: u16) -> f64 {
        self.shares.get(usize::from(backend)).map_or(0.0, |(share, _)| *share)
    }

    /// The least that the share may be, as it was counted.
    pub fn least(&self, backend: u16) -> f64 {
        self.shares.get(usize::from(backend)).map_or(0.0, |(_, least)| *least)
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try, at};

    fn run() -> Run {
        let run = Run::new().phase("steady", 2.0).phase("outage", 4.0).phase("recovery", 5.0);
        run.backend("a").backend("b").class("reads", Method::Get).fault("outage", "status", &["a"])
    }

    #[test]
    fn it_lasts_from_the_end_of_the_fault_to_the_end_of_the_phase() {
        let (brief, _) = run().build();
        let after = Aftermath::of(&brief, 2).unwrap();
        assert_eq!(after.healthy, Stretch { from: at(6_000.0), to: at(11_000.0) });
        assert_eq!((after.backends, after.before), (vec![0], Some(0)));
        assert!(Aftermath::of(&brief, 0).is_none() && Aftermath::of(&brief, 1).is_none());
    }

    #[test]
    fn a_fault_that_is_still_in_force_leaves_no_time_after_it() {
        let (brief, _) = run().fault("recovery", "hang", &["b"]).build();
        assert_eq!(Aftermath::of(&brief, 2).unwrap().healthy.length(), Duration::ZERO);
    }

    #[test]
    fn a_fault_that_never_fired_is_named_with_its_backend() {
        let run = run().backend("spare").fault("outage", "hang", &["spare"]);
        let hit = |n: usize| Call::due("reads", 2_100.0 + n as f64).attempt(Try::hit("a", "status"));
        let why = run
            .calls(50, hit)
            .view("recovery", "reads", |view| Aftermath::of(view.brief, 2).unwrap().unproven(view));
        assert!(why.is_some_and(|why| why.contains("`hang` on `spare`") && !why.contains("status")));
    }

    #[test]
    fn a_stall_before_the_time_is_over_blurs_when_that_is() {
        let blurred = run().hiccup(6_500.0, 100.0).view("recovery", "", |view| {
            Aftermath::of(view.brief, 2).unwrap().blurred(view, Duration::from_secs(1))
        });
        assert_eq!(blurred, Stretch { from: at(7_000.0), to: at(7_102.0) });
    }

    #[test]
    fn what_is_usual_is_counted_before_the_first_fault_or_as_the_weights_say() {
        let usual = |count| {
            let call = |n: usize| {
                Call::due("reads", 10.0 * n as f64).attempt(Try::ok(if n.is_multiple_of(4) {
                    "a"
                } else {
                    "b"
                }))
            };
            run().calls(count, call).view("recovery", "reads", |view| Usual::of(view).share(0))
        };
        assert!((usual(160) - 0.25).abs() < 1e-9);
        assert!((usual(40) - 0.5).abs() < 1e-9);
    }
}
