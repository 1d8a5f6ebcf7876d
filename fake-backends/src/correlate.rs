//! What the hits of a fault on a group of backends have to do with each other. Without it, each attempt is drawn for itself.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::{Moment, Stretch, Timespan};

use crate::fault::{Dice, Incoming};

/// What the hits of a fault on its backends have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Correlate {
    /// The requests: `share` is drawn once for each, so that one that is hit is hit at every backend of the group, however
    /// often it is tried.
    Requests,
    /// The moments: `share` is drawn once for each stretch of so long, so that for its length all that arrives at the group is
    /// hit, or nothing is.
    Moments(Timespan),
    /// Never two backends at a time: one after the other in the order of `on`, each for so long, and then from the first on
    /// again.
    Turns(Timespan),
}

impl Correlate {
    /// The dice of an arrival, as far as the group shares them.
    pub(crate) fn dice(self, seed: u64, incoming: &Incoming) -> Dice {
        match (self, incoming.tag) {
            (Correlate::Requests, Some(tag)) => incoming.dice.with_share_of_request(seed, tag),
            (Correlate::Moments(length), _) => {
                let number = incoming.at.since(Moment::EPOCH).as_nanos() / length.as_nanos().max(1);
                incoming.dice.with_share_of_moment(seed, number as u64)
            }
            // What has no tag is no request of the run: nobody tries it again.
            (Correlate::Requests, None) | (Correlate::Turns(_), _) => incoming.dice,
        }
    }

    /// The stretches in which the backend at `place` of `of` may be hit by a fault that is in force in these.
    pub(crate) fn turns(
        self,
        place: usize,
        of: usize,
        during: Stretch,
        stretches: &[Stretch],
    ) -> Vec<Stretch> {
        let Correlate::Turns(each) = self else { return stretches.to_owned() };
        let (each, of) = (each.as_nanos().max(1), of.max(1) as u128);
        let turn = |number: u128| {
            let begin = |number: u128| {
                during.from + Duration::from_nanos(u64::try_from(number * each).unwrap_or(u64::MAX))
            };
            Stretch { from: begin(number), to: begin(number + 1) }
        };
        let within = |one: &Stretch| {
            let (one, first) = (*one, one.from.since(during.from).as_nanos() / each);
            // The first turn from there on that is this backend's.
            let first = first + (place as u128 + of - first % of) % of;
            let turns = (first..).step_by(of as usize).map(turn).take_while(move |turn| turn.from < one.to);
            turns.map(move |turn| Stretch { from: turn.from.max(one.from), to: turn.to.min(one.to) })
        };
        stretches.iter().flat_map(within).collect()
    }

    /// Whether it is the turn of the backend at `place` of `of`, so long after the start of a fault.
    pub(crate) fn has_turn(self, place: usize, of: usize, since: Duration) -> bool {
        let Correlate::Turns(each) = self else { return true };
        since.as_nanos() / each.as_nanos().max(1) % of.max(1) as u128 == place as u128
    }
}

#[cfg(test)]
mod tests {
    use evidence::Tag;
    use units::Share;

    use super::*;

    fn hit(how: Correlate, backend: u16, tag: u64, number: u16, millis: i64) -> bool {
        let dice = Dice::of_attempt(7, backend, Tag(tag), number);
        let incoming = Incoming { dice, tag: Some(Tag(tag)), number, at: Moment(millis * 1_000_000) };
        how.dice(7, &incoming).for_injection(3).falls_into(Share::new(0.5).unwrap())
    }

    /// How many of 1 000 are hit.
    fn hits(hit: impl Fn(u64) -> bool) -> usize {
        (0..1000).filter(|number| hit(*number)).count()
    }

    #[test]
    fn a_request_is_hit_at_all_backends_and_at_all_of_its_attempts_or_nowhere() {
        let hit = |backend, tag, number| hit(Correlate::Requests, backend, tag, number, 5);
        for tag in 0..1000 {
            assert!((1..5).all(|number| hit(number % 3, tag, number) == hit(0, tag, 1)));
        }
        assert!((420..580).contains(&hits(|tag| hit(0, tag, 1))), "half of the requests");
    }

    #[test]
    fn all_that_arrives_in_a_stretch_is_hit_or_nothing_is() {
        let hit = |backend, tag, millis| {
            hit(Correlate::Moments(Timespan::from_millis(100)), backend, tag, 1, millis)
        };
        for stretch in 0..1000 {
            assert!((0..100).all(|more| hit(more % 3, u64::from(more), stretch * 100 + i64::from(more))
                == hit(0, 0, stretch * 100)));
        }
        assert!((420..580).contains(&hits(|stretch| hit(0, 0, stretch as i64 * 100))), "half of the time");
    }

    #[test]
    fn exactly_one_backend_has_its_turn_and_its_stretches_say_the_same() {
        let (turns, during) = (
            Correlate::Turns(Timespan::from_millis(70)),
            Stretch { from: Moment(1_000_000), to: Moment(900_000_000) },
        );
        let stretches: Vec<_> = (0..3).map(|place| turns.turns(place, 3, during, &[during])).collect();
        for micros in (1_000..900_000).step_by(997) {
            let at = Moment(micros * 1_000);
            let of_stretches: Vec<_> =
                (0..3).filter(|place| stretches[*place].iter().any(|one| one.contains(at))).collect();
            let of_moment: Vec<_> =
                (0..3).filter(|place| turns.has_turn(*place, 3, at.since(during.from))).collect();
            assert_eq!((of_stretches.len(), of_stretches), (1, of_moment));
        }
    }

    #[test]
    fn it_is_written_as_a_word_or_with_its_length() {
        #[derive(Deserialize)]
        struct Line {
            correlate: Correlate,
        }
        let read =
            |text: &str| toml::from_str::<Line>(&format!("correlate = {text}")).map(|line| line.correlate);
        assert_eq!(read("'requests'"), Ok(Correlate::Requests));
        assert_eq!(read("{ moments = '100ms' }"), Ok(Correlate::Moments(Timespan::from_millis(100))));
        assert_eq!(read("{ turns = '1s' }"), Ok(Correlate::Turns(Timespan::from_secs(1))));
        assert!(read("'request'").is_err() && read("{ turns = '1s', moments = '1s' }").is_err());
    }
}
