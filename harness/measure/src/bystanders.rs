//! Requests that no fault of a phase can hit by itself: what happens to them all the same is the gateway's doing.

use evidence::Entry;
use units::Stretch;

use crate::brief::Brief;

/// Which requests are bystanders of the faults of a phase, by their traffic class and the backends that they reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bystanders {
    /// By class, and then by backend: whether no fault of the phase may hit a request of the class there.
    spared: Vec<Vec<bool>>,
    /// When the faults are in force, within the phase.
    pub during: Stretch,
}

impl Bystanders {
    /// Those of a phase; None if it has no fault.
    pub fn of(brief: &Brief, phase: usize) -> Option<Self> {
        let whole = brief.phases[phase].during;
        let mut spared = vec![vec![true; brief.backends.len()]; brief.traffic.len()];
        let here = || brief.injections.iter().filter(|one| one.during.overlaps(&whole));
        for injection in here() {
            let hit = spared.iter_mut().enumerate().filter(|(class, _)| injection.may_hit(*class as u16));
            for (_, backends) in hit {
                let met = |backend: usize| {
                    // Who was turned away leaves no trace, and may turn up anywhere.
                    injection.hides_attempts || injection.backends.contains(&(backend as u16))
                };
                backends.iter_mut().enumerate().for_each(|(backend, spared)| *spared &= !met(backend));
            }
        }
        let from = here().map(|one| one.during.from).min()?.max(whole.from);
        let to = here().map(|one| one.during.to).max()?.min(whole.to);
        Some(Bystanders { spared, during: Stretch { from, to } })
    }

    /// Whether no fault may hit a class, by backend.
    pub fn spared_at(&self, class: u16) -> &[bool] {
        self.spared.get(usize::from(class)).map_or(&[], Vec::as_slice)
    }

    /// True if a request is a bystander: it reached no backend at which a fault may hit it. One that reached no backend at
    /// all is one, too, as long as there is a backend to which it could have gone.
    pub fn has(&self, entry: &Entry<'_>) -> bool {
        let spared = self.spared_at(entry.exchange.class);
        let at = |backend: u16| spared.get(usize::from(backend)).copied().unwrap_or(false);
        if entry.attempts.is_empty() {
            return spared.iter().any(|spared| *spared);
        }
        entry.attempts.iter().all(|attempt| at(attempt.backend))
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    fn bystanders(of_call: Call) -> bool {
        let run = Run::new().phase("outage", 1.0).backend("a").backend("b").class("reads", Method::Get);
        let run = run.fault("outage", "status", &["a"]).call(of_call);
        let (brief, ledger) = run.build();
        let found = Bystanders::of(&brief, 0).unwrap();
        ledger.entries().all(|entry| found.has(&entry))
    }

    #[test]
    fn who_reached_no_faulty_backend_is_a_bystander() {
        let call = || Call::due("reads", 10.0);
        assert!(bystanders(call().attempt(Try::ok("b"))));
        assert!(bystanders(call()), "it could have gone to `b`");
        assert!(!bystanders(call().attempt(Try::ok("a"))), "also where the fault has a share and let it be");
        assert!(!bystanders(call().attempt(Try::hit("a", "status")).attempt(Try::ok("b"))));
    }

    #[test]
    fn where_connections_are_turned_away_nobody_knows_who_was_met() {
        let run = Run::new().phase("outage", 1.0).backend("a").backend("b").class("reads", Method::Get);
        let (brief, _) = run.fault("outage", "refuse", &["a"]).build();
        assert_eq!(Bystanders::of(&brief, 0).unwrap().spared_at(0), [false, false]);
    }

    #[test]
    fn a_class_that_no_fault_may_hit_is_spared_everywhere() {
        let run = Run::new().phase("outage", 1.0).backend("a").class("reads", Method::Get);
        let (mut brief, _) = run.class("search", Method::Get).fault("outage", "status", &["a"]).build();
        brief.injections[0].classes = Some(vec![0]);
        let found = Bystanders::of(&brief, 0).unwrap();
        assert_eq!((found.spared_at(0), found.spared_at(1)), (&[false][..], &[true][..]));
        assert_eq!(Bystanders::of(&Run::new().phase("calm", 1.0).build().0, 0), None);
    }
}
