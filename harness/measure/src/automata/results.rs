//! The outcomes of what arrived, in the order in which they were known.

use units::Moment;

use crate::arrivals::Told;

/// How many of some results were failures, told anything for sure, or may have been failures or nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    pub failed: u32,
    pub told: u32,
    pub unsure: u32,
}

/// The order of the outcomes, and what is asked of many of them at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Results {
    /// Indices of the arrivals, in the order in which their outcomes were known.
    pub order: Vec<u32>,
    /// What the first results told; one longer than `order`.
    pub sums: Vec<Sum>,
    /// The place after the last success among the first results, 0 without any; one longer than `order`.
    successes: Vec<u32>,
    /// The first arrival among the results from each place on; one longer than `order`.
    earliest: Vec<u32>,
}

impl Results {
    /// Of arrivals, by when each outcome was known, and what it told.
    pub(super) fn of(outcomes: &[(Moment, Told)]) -> Self {
        let mut order: Vec<u32> = (0..outcomes.len() as u32).collect();
        order.sort_by_key(|index| (outcomes[*index as usize].0, *index));
        let (mut sums, mut successes) = (vec![Sum::default()], vec![0]);
        let (mut sum, mut success) = (Sum::default(), 0);
        for (place, index) in order.iter().enumerate() {
            let result = outcomes[*index as usize].1;
            sum.failed += u32::from(result == Told::Failure);
            sum.told += u32::from(matches!(result, Told::Failure | Told::Success));
            sum.unsure += u32::from(result == Told::Unsure);
            success = if result == Told::Success { place as u32 + 1 } else { success };
            sums.push(sum);
            successes.push(success);
        }
        let mut earliest = vec![u32::MAX; order.len() + 1];
        for place in (0..order.len()).rev() {
            earliest[place] = earliest[place + 1].min(order[place]);
        }
        Results { order, sums, successes, earliest }
    }

    /// The place of the last success before a place.
    pub(super) fn success_before(&self, place: usize) -> Option<usize> {
        self.successes[place].checked_sub(1).map(|place| place as usize)
    }

    /// How many failures came before a place since the last success.
    pub(super) fn run_before(&self, place: usize) -> u64 {
        u64::from(self.sums[place].failed - self.sums[self.successes[place] as usize].failed)
    }

    /// The first arrival, by its index, among the results from a place on.
    pub(super) fn earliest_from(&self, place: usize) -> u32 {
        self.earliest[place]
    }
}
