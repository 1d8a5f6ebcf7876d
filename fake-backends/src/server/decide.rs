//! Asks the injections in force what they make of an arrival.

use units::Moment;
use wire::RequestHead;

use crate::PoolSpec;
use crate::fault::{Decision, Dice, Incoming};

/// What is decided for an arrival, in the order of the injections; `None` if nobody wants anything, as before the epoch.
/// `may_hit` has the injections whose conditions the request meets, one bit each.
pub(super) fn decide(
    spec: &PoolSpec,
    backend: u16,
    injections: &[u16],
    may_hit: u64,
    incoming: &Incoming,
) -> Option<Decision> {
    let mut decision = None;
    for &index in injections.iter().filter(|_| incoming.at.is_in_run()) {
        let injection = &spec.injections[usize::from(index)];
        if may_hit >> index & 1 == 1 && injection.is_on(backend, incoming.at) {
            let dice = injection.correlate.map_or(incoming.dice, |how| how.dice(spec.seed, incoming));
            let dice = dice.for_injection(index);
            let effect = injection.settings(incoming.at).contract().effect(&Incoming { dice, ..*incoming });
            decision.get_or_insert_with(Decision::default).add(index, effect);
        }
    }
    decision.filter(|decision| decision.planned != 0)
}

/// The injections whose conditions a request meets, one bit each; `is_probe` if it has no tag of the run.
pub(super) fn may_hit(spec: &PoolSpec, injections: &[u16], head: &RequestHead<'_>, is_probe: bool) -> u64 {
    let met =
        injections.iter().filter(|index| spec.injections[usize::from(**index)].when.takes(head, is_probe));
    met.fold(0, |bits, index| bits | 1 << index)
}

/// A connection that was just accepted.
pub(super) fn accepted(seed: u64, backend: u16, connection: u32, at: Moment) -> Incoming {
    Incoming { dice: Dice::of_connection(seed, backend, connection), tag: None, number: 0, at }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fault::{Answer, Cut, Effect, Ending};

    #[test]
    fn delays_add_up_and_of_two_answers_the_last_one_holds() {
        let mut decision = Decision::default();
        let late = |millis| Effect { wait: Some(Duration::from_millis(millis)), ..Effect::default() };
        let answer = |answer| Effect { answer: Some(answer), ..Effect::default() };
        decision.add(0, late(20));
        decision.add(1, answer(Answer::Hang));
        decision.add(2, Effect::default());
        decision.add(3, answer(Answer::End(Ending::Rst)));
        decision.add(63, late(5));
        assert_eq!(decision.wait.what, Some(Duration::from_millis(25)));
        assert_eq!(decision.answer.what, Some(Answer::End(Ending::Rst)));
        assert_eq!((decision.wait.by, decision.answer.by), (1 | 1 << 63, 0b1000));
        assert_eq!(decision.planned, 0b1011 | 1 << 63, "the hang was planned, and is not what was given");
    }

    #[test]
    fn what_fills_in_different_stages_is_all_done() {
        let mut decision = Decision::default();
        let status = Answer::Status { code: 503, body: None };
        decision.add(0, Effect { answer: Some(status.clone()), ..Effect::default() });
        decision.add(1, Effect { cut: Some(Cut { after: 3, by: Ending::Fin }), ..Effect::default() });
        assert_eq!((decision.answer.what, decision.answer.by), (Some(status), 0b01));
        assert_eq!(decision.cut.by, 0b10);
    }
}
