//! Draws from a seed.

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// A source of draws that is the same for each seed.
pub(crate) struct Draw(Pcg64Mcg);

impl Draw {
    pub(crate) fn of(seed: u64) -> Self {
        Draw(Pcg64Mcg::seed_from_u64(seed))
    }

    /// A number, both bounds included.
    pub(crate) fn from(&mut self, low: u64, high: u64) -> u64 {
        self.0.random_range(low..=high)
    }

    /// True in this share of the draws.
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.0.random_bool(share)
    }

    /// One of them.
    pub(crate) fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of.choose(&mut self.0).copied().unwrap_or_default()
    }

    /// Brings them into a drawn order.
    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        all.shuffle(&mut self.0);
    }

    /// Some of them, at least one, in their order.
    pub(crate) fn some<'t>(&mut self, of: &[&'t str]) -> Vec<&'t str> {
        let first = self.0.next_u64() as usize % of.len();
        of.iter()
            .enumerate()
            .filter(|(index, _)| *index == first || self.0.random_bool(0.5))
            .map(|(_, word)| *word)
            .collect()
    }
}
