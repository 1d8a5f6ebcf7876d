//! Draws that come out the same for the same request, whenever and wherever it is asked.

use evidence::Tag;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use units::Share;

/// What a draw is for, so that two draws of one injection are independent.
#[derive(Clone, Copy)]
enum Purpose {
    Share = 1,
    Amount = 2,
}

/// What kind of arrival the dice belong to, so that a connection never shares draws with an attempt.
#[derive(Clone, Copy)]
enum Arrival {
    Attempt = 1,
    Probe = 2,
    Connection = 3,
    Moment = 4,
}

/// The draws of one arrival at a backend: a value that holds no state, so that asking twice answers the same.
///
/// Whether a share takes an attempt is drawn from (seed, tag, attempt) alone: two runs of a seed hit the same
/// requests, whichever backend the gateway chose for them. Amounts depend on the backend too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dice {
    shared: u64,
    own: u64,
}

impl Dice {
    /// The dice of attempt `number` of `tag`.
    pub fn of_attempt(seed: u64, backend: u16, tag: Tag, number: u16) -> Self {
        let shared = mix(mix(start(seed, Arrival::Attempt), tag.0), u64::from(number));
        Dice { shared, own: mix(shared, u64::from(backend)) }
    }

    /// The dice of the `nth` request of a connection, for one that carries no tag.
    pub fn of_probe(seed: u64, backend: u16, connection: u32, nth: u32) -> Self {
        let place = mix(start(seed, Arrival::Probe), u64::from(backend));
        let own = mix(mix(place, u64::from(connection)), u64::from(nth));
        Dice { shared: own, own }
    }

    /// The dice of a connection.
    pub fn of_connection(seed: u64, backend: u16, connection: u32) -> Self {
        let own = mix(mix(start(seed, Arrival::Connection), u64::from(backend)), u64::from(connection));
        Dice { shared: own, own }
    }

    /// The same dice, but that whether a share takes it is drawn for the whole request.
    pub(crate) fn with_share_of_request(self, seed: u64, tag: Tag) -> Self {
        // No attempt has this number.
        Dice { shared: Self::of_attempt(seed, 0, tag, 0).shared, ..self }
    }

    /// The same dice, but that whether a share takes it is drawn for all that arrives in the stretch of this number.
    pub(crate) fn with_share_of_moment(self, seed: u64, number: u64) -> Self {
        Dice { shared: mix(start(seed, Arrival::Moment), number), ..self }
    }

    /// The same arrival's dice for one injection, independent of those of all others.
    pub fn for_injection(self, index: u16) -> Self {
        Dice { shared: mix(self.shared, u64::from(index)), own: mix(self.own, u64::from(index)) }
    }

    /// Whether `share` takes this arrival.
    pub fn falls_into(self, share: Share) -> bool {
        share.takes(mix(self.shared, Purpose::Share as u64))
    }

    /// A generator for the amounts that a fault draws: the same one each time.
    pub fn amounts(self) -> Pcg64Mcg {
        Pcg64Mcg::seed_from_u64(mix(self.own, Purpose::Amount as u64))
    }
}

fn start(seed: u64, arrival: Arrival) -> u64 {
    mix(seed, arrival as u64)
}

/// Adds `word` to the state, and mixes it with the finalizer of `SplitMix64` (Steele, Lea and Flood, 2014), in which
/// each input bit flips each output bit in half of the cases.
fn mix(state: u64, word: u64) -> u64 {
    let mut mixed = state.rotate_left(23) ^ word.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn taken(share: f64, dice: impl Fn(u64) -> Dice) -> f64 {
        let share = Share::new(share).unwrap();
        (0..20_000).filter(|&n| dice(n).falls_into(share)).count() as f64 / 20_000.0
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// 20 000 draws deviate from the share by 0.0035 (one sigma) at most; 0.018 is five of them.
        #[test]
        fn a_share_takes_its_part_of_tags_attempts_and_connections(seed: u64, share in 0.0..=1.0, index in 0u16..64) {
            let tags = taken(share, |n| Dice::of_attempt(seed, 0, Tag(n), 1).for_injection(index));
            let attempts = taken(share, |n| Dice::of_attempt(seed, 0, Tag(7), n as u16).for_injection(index));
            let connections = taken(share, |n| Dice::of_connection(seed, 0, n as u32).for_injection(index));
            for part in [tags, attempts, connections] {
                prop_assert!((part - share).abs() < 0.018, "{part} of a share of {share}");
            }
        }

        #[test]
        fn a_share_hits_the_same_attempt_at_every_backend(seed: u64, tag: u64, number: u16, index in 0u16..64) {
            let hit = |backend| {
                Dice::of_attempt(seed, backend, Tag(tag), number).for_injection(index).falls_into(Share::new(0.5).unwrap())
            };
            prop_assert_eq!(hit(0), hit(1));
        }
    }

    #[test]
    fn the_draws_of_two_injections_and_of_two_attempts_are_independent() {
        let half = Share::new(0.5).unwrap();
        let both = |first: fn(u64) -> Dice, second: fn(u64) -> Dice| {
            (0..20_000).filter(|&n| first(n).falls_into(half) && second(n).falls_into(half)).count() as f64
                / 20_000.0
        };
        let injections = both(
            |n| Dice::of_attempt(1, 0, Tag(n), 1).for_injection(0),
            |n| Dice::of_attempt(1, 0, Tag(n), 1).for_injection(1),
        );
        let attempts = both(|n| Dice::of_attempt(1, 0, Tag(n), 1), |n| Dice::of_attempt(1, 0, Tag(n), 2));
        assert!((injections - 0.25).abs() < 0.018, "{injections}");
        assert!((attempts - 0.25).abs() < 0.018, "{attempts}");
    }
}
