//! Asks the injections in force what they make of an arrival.

use units::Moment;

use crate::PoolSpec;
use crate::fault::{Dice, Effect, Incoming};

/// The combined effect, in the order of the injections, and a bit for each that acted. Before the epoch there is none.
pub(super) fn effect(spec: &PoolSpec, injections: &[u16], incoming: &Incoming) -> (Effect, u64) {
    let mut combined = (Effect::default(), 0);
    for &index in injections.iter().filter(|_| incoming.at.is_in_run()) {
        let injection = &spec.injections[usize::from(index)];
        if !injection.during.contains(incoming.at) {
            continue;
        }
        let dice = incoming.dice.for_injection(index);
        let effect = injection.fault.contract().effect(&Incoming { dice, ..*incoming });
        if effect.acts() {
            combined = (combined.0.and(effect), combined.1 | 1 << index);
        }
    }
    combined
}

/// A connection that was just accepted.
pub(super) fn accepted(seed: u64, backend: u16, connection: u32, at: Moment) -> Incoming {
    Incoming { dice: Dice::of_connection(seed, backend, connection), tag: None, number: 0, at }
}
