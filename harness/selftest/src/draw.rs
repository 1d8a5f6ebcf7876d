//! Draws from a seed.

use rand::seq::IndexedRandom;
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A source of draws that is the same for each seed.
pub(super) struct Draw(Pcg64Mcg);

impl Draw {
    pub(super) fn of(seed: u64) -> Self {
        Draw(Pcg64Mcg::seed_from_u64(seed))
    }

    /// A number, both bounds included.
    pub(super) fn from(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high)
    }

    /// True in this share of the draws.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.0.random_bool(share)
    }

    /// One of them.
    pub(super) fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of.choose(&mut self.0).copied().unwrap_or_default()
    }

    /// Some of them, at least one, in their order.
    pub(super) fn some<'t>(&mut self, of: &[&'t str]) -> Vec<&'t str> {
        let first = self.0.next_u64() as usize % of.len();
        of.iter()
            .enumerate()
            .filter(|(index, _)| *index == first || self.0.random_bool(0.5))
            .map(|(_, word)| *word)
            .collect()
    }
}
