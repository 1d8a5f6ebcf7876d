//! Shares against bounds and against what was usual: tests that need no shape of a distribution, only counts.

use units::stats::{at_least, at_most, cases_to_exclude, share_interval};

use crate::claim::{Basis, Claim};
use crate::decide::{BETA, needed_to_refute};

/// The probability with which a failure may rest on a wrong guess of what was usual; small beside a scenario's own.
pub(crate) const DOUBT: f64 = 1e-6;

/// The same of a pass.
const CARE: f64 = 0.01;

/// Bad cases among all cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bad {
    /// Bad ones.
    pub bad: u64,
    /// All.
    pub count: u64,
}

/// At most a share of the cases is bad: broken if that is proven, held if the opposite is excluded with 95 %.
pub(crate) fn at_most_bad(cases: Bad, allowed: f64, asked: Option<u64>) -> Claim {
    let Bad { bad, count } = cases;
    if allowed <= 0.0 {
        return Claim::never(bad, count, asked);
    }
    let needed = cases_to_exclude(allowed, BETA);
    Claim::on(Basis::Mostly { bad, count, allowed, refuted: allowed })
        .remedy(format!("send more requests there: it takes {needed} without a failure, and more with some"))
}

/// The share of bad cases is larger than it usually is by at most `more`. Both shares are counted, so both are uncertain.
pub(crate) fn no_worse(here: Bad, usual: Bad, more: f64) -> Basis {
    let high = share_interval(usual.bad, usual.count, 1.0 - 2.0 * DOUBT).1 + more;
    let low = share_interval(usual.bad, usual.count, 1.0 - 2.0 * CARE).0 + more;
    let p_broken = if high >= 1.0 { 1.0 } else { DOUBT + at_least(here.bad, here.count, high) };
    let p_kept = CARE + at_most(here.bad, here.count, low);
    let share = here.bad as f64 / here.count.max(1) as f64;
    let needed = (here.count > 0 && share < low).then(|| needed_to_refute(share, low, here.count));
    Basis::Tested { p_broken: p_broken.min(1.0), p_kept: p_kept.min(1.0), count: here.count, needed }
}

#[cfg(test)]
mod tests {
    use reports::Verdict;
    use rstest::rstest;

    use super::*;
    use crate::decide::decide;

    #[rstest]
    #[case::as_before((0, 500), (0, 500), Verdict::Pass)]
    #[case::far_worse((0, 500), (100, 500), Verdict::Fail)]
    #[case::worse_by_what_is_allowed((0, 500), (25, 500), Verdict::Inconclusive)]
    #[case::as_bad_as_before((100, 500), (100, 500), Verdict::Inconclusive)]
    #[case::too_few((0, 500), (0, 20), Verdict::Inconclusive)]
    #[case::nothing_before((0, 0), (20, 20), Verdict::Inconclusive)]
    fn two_counted_shares_are_compared_with_what_is_uncertain_of_both(
        #[case] usual: (u64, u64),
        #[case] here: (u64, u64),
        #[case] verdict: Verdict,
    ) {
        let bad = |(bad, count)| Bad { bad, count };
        let claim = Claim::on(no_worse(bad(here), bad(usual), 0.05));
        assert_eq!(decide(&[&claim])[0].verdict, verdict, "{claim:?}");
    }
}
