//! Proof of injection: whether each fault that was planned was also carried out, on the traffic that is looked at.

use evidence::{Attempt, Ledger};
use units::Stretch;

use crate::brief::InjectionBrief;
use crate::view::View;

/// The faults that are planned at a place, and how often each was carried out there.
#[derive(Clone, Debug)]
pub struct Fired<'a> {
    planned: Vec<Injected<'a>>,
    /// Exchanges that were looked at.
    due: u64,
}

/// One planned fault.
#[derive(Clone, Copy, Debug)]
pub struct Injected<'a> {
    /// Its index in the plan.
    pub index: u16,
    /// The fault.
    pub injection: &'a InjectionBrief,
    /// How often it was carried out on the traffic that is looked at: attempts, connections, closed listeners.
    pub times: u64,
}

impl<'a> Fired<'a> {
    /// The faults of the view's own phase.
    pub fn of(view: &View<'a>) -> Self {
        Self::in_stretch(view, view.phase(), view.injections().collect())
    }

    /// These faults, on the exchanges that were due in a stretch. Faults on listeners and connections can't be told
    /// apart by traffic, and count for all of it.
    pub fn in_stretch(view: &View<'a>, during: Stretch, planned: Vec<(u16, &'a InjectionBrief)>) -> Self {
        let unjoined = |index: u16, injection| unjoined_hits(view.ledger, &during, index, injection);
        let planned = planned.into_iter().take(64);
        let mut planned: Vec<Injected<'a>> = planned
            .map(|(index, injection)| Injected { index, injection, times: unjoined(index, injection) })
            .collect();
        let mut due = 0;
        if !planned.is_empty() {
            for entry in view.entries_due(during) {
                due += 1;
                for attempt in entry.attempts.iter().filter(|attempt| carried_out(attempt) != 0) {
                    for injected in &mut planned {
                        injected.times += u64::from(carried_out(attempt) & (1 << injected.index) != 0);
                    }
                }
            }
        }
        Fired { planned, due }
    }

    /// True if no fault is planned.
    pub fn nothing_planned(&self) -> bool {
        self.planned.is_empty()
    }

    /// The faults.
    pub fn planned(&self) -> &[Injected<'a>] {
        &self.planned
    }

    /// How often they were carried out, all together.
    pub fn times(&self) -> u64 {
        self.planned.iter().map(|injected| injected.times).sum()
    }

    /// The faults that were planned and never carried out.
    pub fn missing(&self) -> impl Iterator<Item = &Injected<'a>> {
        self.planned.iter().filter(|injected| injected.times == 0)
    }

    /// Why there is no proof, if a planned fault is missing: what never fired, and on what.
    pub fn problem(&self, view: &View<'_>) -> Option<String> {
        let missing: Vec<String> = self
            .missing()
            .map(|injected| {
                let backends = injected.injection.backends.iter();
                let on: Vec<String> =
                    backends.map(|backend| format!("`{}`", view.brief.backend_name(*backend))).collect();
                format!("`{}` on {}", injected.injection.fault, on.join(", "))
            })
            .collect();
        if missing.is_empty() {
            return None;
        }
        let traffic = view
            .place
            .traffic
            .map_or("any traffic".to_owned(), |class| format!("`{}`", view.brief.traffic_name(class)));
        Some(format!(
            "the planned fault {} never took effect on {traffic}: on none of the {} requests",
            missing.join(" and "),
            self.due
        ))
    }
}

/// The injections that were carried out on an attempt, one bit each.
pub fn carried_out(attempt: &Attempt) -> u64 {
    attempt.effective
}

/// Connections, at accept or while they were idle, and listeners that an injection really acted on; and health checks, where
/// it is about nothing else.
fn unjoined_hits(ledger: &Ledger, during: &Stretch, index: u16, injection: &InjectionBrief) -> u64 {
    let rest = ledger.rest();
    let connections = rest.connections.iter().filter(|connection| {
        let lived = connection.accepted < during.to && connection.closed >= during.from;
        lived && connection.effective & (1 << index) != 0
    });
    let firings = rest.firings.iter().filter(|firing| {
        firing.injection == index && Stretch { from: firing.from, to: firing.to }.overlaps(during)
    });
    let probes = rest.probes.iter().filter(|probe| {
        injection.on_probes && during.contains(probe.arrived) && probe.effective & (1 << index) != 0
    });
    (connections.count() + firings.count() + probes.count()) as u64
}

/// What is wrong with the proof that every fault of the phase took effect, on whatever traffic; `None` if it did.
pub fn problem_with_any_traffic(view: &View<'_>) -> Option<String> {
    let whole = view.with_traffic(None);
    Fired::of(&whole).problem(&whole)
}

#[cfg(test)]
mod tests {
    use evidence::{Method, Probe};

    use super::*;
    use crate::testing::{Call, Run, Try, at};

    /// How often the fault of the second phase was carried out, if it closed a connection at `closed_ms`.
    fn times(open_ms: f64, closed_ms: f64) -> u64 {
        let run = Run::new().phase("steady", 2.0).phase("closing", 2.0).phase("recovery", 2.0);
        let run = run.backend("a").class("reads", Method::Get).fault("closing", "idle_close", &["a"]);
        let run = run.calls(60, |n| Call::due("reads", 100.0 * n as f64).attempt(Try::ok("a")));
        let run =
            if closed_ms > 0.0 { run.connection_closed("idle_close", "a", open_ms, closed_ms) } else { run };
        run.view("closing", "reads", |view| Fired::of(view).times())
    }

    /// How often a fault on health checks, or on all requests, was carried out, if it hit one health check then.
    fn times_of_checks(on_probes: bool, checked_ms: f64) -> u64 {
        let run =
            Run::new().phase("steady", 2.0).phase("lying", 2.0).backend("a").class("reads", Method::Get);
        let run = run.fault("lying", "status", &["a"]);
        let run = run.calls(30, |n| Call::due("reads", 100.0 * n as f64).attempt(Try::ok("a")));
        let (mut brief, ledger) = run.build();
        brief.injections[0].on_probes = on_probes;
        let mut evidence = ledger.rest().clone();
        evidence.probes.push(Probe { status: 503, effective: 1, ..Probe::new(0, 1, at(checked_ms)) });
        let ledger = Ledger::join(evidence);
        let during = brief.phases[1].during;
        unjoined_hits(&ledger, &during, 0, &brief.injections[0])
    }

    #[test]
    fn health_checks_prove_a_fault_that_is_about_nothing_else() {
        assert_eq!(times_of_checks(true, 2_500.0), 1);
        assert_eq!(times_of_checks(true, 1_500.0), 0, "it was hit in another phase");
        assert_eq!(times_of_checks(false, 2_500.0), 0, "of the traffic, health checks prove nothing");
    }

    #[test]
    fn a_connection_that_a_fault_closes_proves_it_whenever_it_was_opened() {
        assert_eq!(times(2_500.0, 2_600.0), 1);
        assert_eq!(times(100.0, 2_600.0), 1, "it was opened before the fault");
        assert_eq!(times(0.0, 0.0), 0, "requests alone prove nothing");
    }
}
