//! Proof of injection: whether a fault that was planned was also seen to fire.

use evidence::{Attempt, Ledger};
use units::Stretch;

use crate::{InjectionBrief, Window};

/// The faults that are planned in a window, and those of them that were seen to fire.
///
/// The settling time counts too: a breaker that opens in it shields the rest of the phase from the fault, and that
/// is what the phase was made to show.
pub(crate) struct Proof<'a> {
    planned: Vec<(u16, &'a InjectionBrief)>,
    /// Exchanges of the demanded traffic that were due in the phase.
    due: u64,
    /// Injections that fired on the demanded traffic, one bit each.
    on_traffic: u64,
    /// Injections that fired on any traffic, one bit each.
    anywhere: u64,
}

impl<'a> Proof<'a> {
    /// Looks for it. Faults on listeners and connections can't be told apart by traffic, and count for all of it.
    pub(crate) fn of(ledger: &Ledger, window: &Window<'a>) -> Self {
        let mut proof = Proof { planned: window.injections().collect(), due: 0, on_traffic: 0, anywhere: 0 };
        if proof.planned.is_empty() {
            return proof;
        }
        let phase = window.brief.phases[window.demand.phase].during;
        let looked_at = Stretch { from: phase.from, to: window.stretch.to };
        for entry in ledger.entries().filter(|entry| looked_at.contains(entry.exchange.due)) {
            let hits = entry.attempts.iter().fold(0, |bits, attempt: &Attempt| bits | attempt.injections);
            proof.anywhere |= hits;
            if window.demand.traffic.is_none_or(|class| class == entry.exchange.class) {
                proof.on_traffic |= hits;
                proof.due += 1;
            }
        }
        let unjoined = unjoined_hits(ledger, &looked_at);
        proof.anywhere |= unjoined;
        proof.on_traffic |= unjoined;
        proof
    }

    /// True if no fault is planned.
    pub(crate) fn nothing_planned(&self) -> bool {
        self.planned.is_empty()
    }

    /// Why there is no proof that a planned fault fired on the demanded traffic.
    pub(crate) fn missing_on(&self, traffic: &str) -> Option<String> {
        let missing = self.missing(self.on_traffic)?;
        Some(format!("{missing} on {traffic}: it was seen on none of the {} requests", self.due))
    }

    /// Why there is no proof that a planned fault fired at all.
    pub(crate) fn missing_anywhere(&self) -> Option<String> {
        let missing = self.missing(self.anywhere)?;
        Some(format!("{missing}, so it is not known how the gateway bears it"))
    }

    fn missing(&self, fired: u64) -> Option<String> {
        let seen = self.planned.iter().any(|(index, _)| fired & (1 << index) != 0);
        if seen || self.planned.is_empty() {
            return None;
        }
        let mut kinds: Vec<String> =
            self.planned.iter().map(|(_, injection)| format!("`{}`", injection.fault)).collect();
        kinds.dedup();
        let (faults, verb) = if kinds.len() == 1 {
            ("fault", "never fired")
        } else {
            ("faults", "never fired, none of them,")
        };
        Some(format!("the planned {faults} {} {verb}", kinds.join(", ")))
    }
}

/// Injections that fired on connections at accept or on listeners, one bit each.
fn unjoined_hits(ledger: &Ledger, during: &Stretch) -> u64 {
    let rest = ledger.rest();
    let connections = rest.connections.iter().filter(|connection| during.contains(connection.accepted));
    let firings =
        rest.firings.iter().filter(|firing| Stretch { from: firing.from, to: firing.to }.overlaps(during));
    let bits = firings.map(|firing| 1u64.checked_shl(u32::from(firing.injection)).unwrap_or(0));
    connections.map(|connection| connection.injections).chain(bits).fold(0, |bits, hit| bits | hit)
}
