//! Asks the injections in force what they make of an arrival.

use units::Moment;

use crate::PoolSpec;
use crate::fault::{Answer, Dice, Effect, Incoming};

/// What the injections in force make of an arrival, and which of them each part of it comes from, one bit each.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Decision {
    /// What is to be done.
    pub(super) effect: Effect,
    /// Those that want anything.
    pub(super) planned: u64,
    /// Those that the delay comes from.
    pub(super) delay: u64,
    /// The one that the answer comes from; none for the normal answer.
    pub(super) answer: u64,
}

impl Decision {
    /// Adds what a further injection wants: delays add up, and of several answers the last one holds, because only one
    /// can be given.
    fn add(&mut self, index: u16, effect: Effect) {
        let bit = 1 << index;
        if effect.acts() {
            self.planned |= bit;
        }
        if !effect.delay.is_zero() {
            self.effect.delay = self.effect.delay.saturating_add(effect.delay);
            self.delay |= bit;
        }
        if effect.answer != Answer::Normal {
            self.effect.answer = effect.answer;
            self.answer = bit;
        }
    }
}

/// What is decided for an arrival, in the order of the injections. Before the epoch that is nothing.
pub(super) fn decide(spec: &PoolSpec, injections: &[u16], incoming: &Incoming) -> Decision {
    let mut decision = Decision::default();
    for &index in injections.iter().filter(|_| incoming.at.is_in_run()) {
        let injection = &spec.injections[usize::from(index)];
        if injection.during.contains(incoming.at) {
            let dice = incoming.dice.for_injection(index);
            decision.add(index, injection.fault.contract().effect(&Incoming { dice, ..*incoming }));
        }
    }
    decision
}

/// A connection that was just accepted.
pub(super) fn accepted(seed: u64, backend: u16, connection: u32, at: Moment) -> Incoming {
    Incoming { dice: Dice::of_connection(seed, backend, connection), tag: None, number: 0, at }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fault::Place;

    #[test]
    fn delays_add_up_and_of_two_answers_the_last_one_holds() {
        let mut decision = Decision::default();
        let late = |millis| Effect { delay: Duration::from_millis(millis), ..Effect::default() };
        let answer = |answer| Effect { answer, ..Effect::default() };
        decision.add(0, late(20));
        decision.add(1, answer(Answer::Hang));
        decision.add(2, Effect::default());
        decision.add(3, answer(Answer::Reset(Place::AfterRequest)));
        decision.add(63, late(5));
        assert_eq!(decision.effect, Effect { answer: Answer::Reset(Place::AfterRequest), ..late(25) });
        assert_eq!((decision.delay, decision.answer), (1 | 1 << 63, 0b1000));
        assert_eq!(decision.planned, 0b1011 | 1 << 63, "the hang was planned, and is not what was given");
    }
}
