//! The tails of the Poisson distribution, against what they are known to be.

use brownout_units::stats::{poisson_at_least, poisson_at_most};
use proptest::prelude::*;

#[test]
fn the_tails_are_those_of_the_tables() {
    // Abramowitz and Stegun, table 26.7: with a mean of 5, two or fewer come with 0.12465, nine or more with 0.06809.
    assert!((poisson_at_most(2, 5.0) - 0.12465).abs() < 1e-5);
    assert!((poisson_at_least(9, 5.0) - 0.06809).abs() < 1e-5);
    assert_eq!(
        (poisson_at_least(0, 5.0), poisson_at_least(1, 0.0), poisson_at_most(0, 0.0)),
        (1.0, 0.0, 1.0)
    );
}

proptest! {
    #[test]
    fn the_two_tails_meet(count in 0u64..100, mean in 0.0f64..100.0) {
        let sum = poisson_at_least(count + 1, mean) + poisson_at_most(count, mean);
        prop_assert!((sum - 1.0).abs() < 1e-9);
    }
}
