//! How many further attempts are under way at a time, against a share of the requests that are.

use std::cell::Cell;

use policy::RetryBudget;

/// The budget as this gateway applies it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BudgetRules {
    /// So large a share of the requests under way may be further attempts.
    pub(crate) share: f64,
    /// So many may be in any case.
    pub(crate) min: u32,
    /// Whether both are counted since the gateway's start instead; only a defect does.
    pub(crate) of_all_time: bool,
}

impl BudgetRules {
    pub(crate) fn new(declared: &RetryBudget) -> Self {
        BudgetRules { share: declared.share.get(), min: declared.min, of_all_time: false }
    }
}

/// What is under way, and what may be.
pub(crate) struct Budget {
    rules: Option<BudgetRules>,
    requests: Counts,
    further: Counts,
}

/// How many are under way, and how many there ever were.
#[derive(Default)]
struct Counts {
    now: Cell<u32>,
    ever: Cell<u64>,
}

impl Counts {
    fn one_more(&self) -> Counted<'_> {
        self.now.set(self.now.get() + 1);
        self.ever.set(self.ever.get() + 1);
        Counted(self)
    }
}

impl Budget {
    pub(crate) fn new(rules: Option<BudgetRules>) -> Self {
        Budget { rules, requests: Counts::default(), further: Counts::default() }
    }

    /// A request is under way as long as the value lives.
    pub(crate) fn request(&self) -> Counted<'_> {
        self.requests.one_more()
    }

    /// Leave to try again, if the budget has one left: until its result is there.
    pub(crate) fn leave(&self) -> Option<Counted<'_>> {
        let left = self.rules.is_none_or(|rules| {
            let counts = |counts: &Counts| {
                if rules.of_all_time { counts.ever.get() } else { u64::from(counts.now.get()) }
            };
            let most = (rules.share * counts(&self.requests) as f64).floor() as u64;
            counts(&self.further) < most.max(u64::from(rules.min))
        });
        left.then(|| self.further.one_more())
    }
}

/// One that is under way, as long as the value lives.
pub(crate) struct Counted<'a>(&'a Counts);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.now.set(self.0.now.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_what_is_under_way_may_be_tried_again_and_a_few_in_any_case() {
        let budget = Budget::new(Some(BudgetRules { share: 0.2, min: 1, of_all_time: false }));
        let some: Vec<_> = (0..10).map(|_| budget.request()).collect();
        let further: Vec<_> = std::iter::from_fn(|| budget.leave()).collect();
        assert_eq!(further.len(), 2);
        drop(some);
        assert!(budget.leave().is_none(), "two are under way, and one may be");
        drop(further);
        assert!(budget.leave().is_some());
    }
}
