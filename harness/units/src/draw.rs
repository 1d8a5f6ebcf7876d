//! Draws that come out the same for the same words, whenever and wherever they are made.

use crate::Share;

/// A draw that is made of a seed and of words that say what it is for. A value that holds no state: asking twice answers
/// the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw(u64);

impl Draw {
    /// The draw of this seed, for nothing in particular yet.
    pub fn new(seed: u64) -> Self {
        Draw(seed)
    }

    /// The draw for one thing more; draws for different words are independent of each other.
    #[must_use]
    pub fn with(self, word: u64) -> Self {
        Draw(mix(self.0, word))
    }

    /// 64 bits, each of which is as often set as not.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Whether `share` takes it.
    pub fn falls_into(self, share: Share) -> bool {
        share.takes(self.0)
    }
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// 20 000 draws deviate from the share by 0.0035 (one sigma) at most; 0.018 is five of them.
        #[test]
        fn a_share_takes_its_part_and_two_purposes_are_independent(seed: u64, share in 0.0..=1.0) {
            let drawn = Share::new(share).unwrap();
            let falls = |number: u64, purpose: u64| Draw::new(seed).with(number).with(purpose).falls_into(drawn);
            let part = |taken: &dyn Fn(u64) -> bool| (0..20_000).filter(|number| taken(*number)).count() as f64 / 20_000.0;
            prop_assert!((part(&|number| falls(number, 1)) - share).abs() < 0.018);
            let both = part(&|number| falls(number, 1) && falls(number, 2));
            prop_assert!((both - share * share).abs() < 0.018, "{both} of {share} twice");
        }
    }
}
