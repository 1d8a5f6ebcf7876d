//! Of which class each request of a mix is, by the weights of its classes.

use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use crate::spec::DriverSpec;

/// The classes of a mix's requests, one by one.
///
/// In every so many requests as the weights (without their common divisor) add up to, each class has exactly its weight, in an
/// order that is drawn anew each time. So shares are exact however short a phase is, and no class keeps in step with a balancer
/// that takes turns.
pub(crate) struct Deal {
    /// The classes of one round, in their present order.
    round: Vec<u16>,
    /// How many of the round are dealt.
    dealt: usize,
    draws: Pcg64,
}

impl Deal {
    /// That of a mix, by its index; `None` if it has no classes.
    pub(crate) fn of(spec: &DriverSpec, mix: u16) -> Option<Self> {
        let members = spec.classes.iter().zip(0u16..).filter_map(|(class, index)| {
            let member = class.mix.filter(|member| member.mix == mix && member.weight > 0)?;
            Some((index, member.weight))
        });
        let members: Vec<(u16, u32)> = members.collect();
        let divisor = members.iter().map(|(_, weight)| *weight).reduce(common_divisor)?;
        let times = |weight: u32| (weight / divisor) as usize;
        let round: Vec<u16> =
            members.iter().flat_map(|(class, weight)| std::iter::repeat_n(*class, times(*weight))).collect();
        let draws = Pcg64::new(u128::from(spec.seed), DEALS + u128::from(mix));
        Some(Deal { dealt: round.len(), round, draws })
    }

    /// The class of the next request.
    pub(crate) fn next(&mut self) -> u16 {
        if self.dealt == self.round.len() {
            self.round.shuffle(&mut self.draws);
            self.dealt = 0;
        }
        self.dealt += 1;
        self.round[self.dealt - 1]
    }
}

/// The first stream of draws that deals; those before it place arrivals.
const DEALS: u128 = 1 << 32;

fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
