//! Failures that were planned, told apart from those that were not.
//!
//! Rows come in any order: an attempt may be recorded before its exchange, or long after it. So each exchange has marks,
//! and moves from one count to another when a mark is added.

use evidence::{Attempt, Exchange, Outcome, Tag};

/// Failed exchanges, by what is on record of them. An exchange that was skipped, or cut off by the end of the run, did not
/// fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// A fault took effect on an attempt of it, or the client left because the scenario says so.
    pub planned: u64,
    /// It has attempts, and no fault took effect on any of them.
    pub unplanned: u64,
    /// No attempt of it is on record: the gateway answered by itself, a fault hid the attempt, or it is not over yet.
    pub unreached: u64,
}

impl Failures {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.planned + self.unplanned + self.unreached
    }
}

/// The exchange failed.
const FAILED: u8 = 1;
/// An attempt of it is on record.
const ARRIVED: u8 = 2;
/// It was made to fail on purpose, or may have been.
const HIT: u8 = 4;

/// The marks of all exchanges, a byte each, up to the highest number that was seen.
#[derive(Debug)]
pub(super) struct Causes {
    marks: Vec<u8>,
    /// Numbers from here on are foreign.
    exchanges_max: u64,
    failures: Failures,
}

impl Causes {
    pub(super) fn new(exchanges_max: u64) -> Self {
        Causes { marks: Vec::new(), exchanges_max, failures: Failures::default() }
    }

    pub(super) fn failures(&self) -> Failures {
        self.failures
    }

    pub(super) fn exchange(&mut self, exchange: &Exchange) {
        if exchange.was_sent() && !exchange.succeeded() && exchange.outcome != Outcome::Unfinished {
            let left = exchange.outcome == Outcome::ClientAbort;
            self.mark(exchange.tag, if left { FAILED | HIT } else { FAILED });
        }
    }

    pub(super) fn attempt(&mut self, attempt: &Attempt) {
        self.mark(attempt.tag, if attempt.effective == 0 { ARRIVED } else { ARRIVED | HIT });
    }

    fn mark(&mut self, tag: Tag, mark: u8) {
        if tag.0 >= self.exchanges_max {
            return;
        }
        let index = tag.0 as usize;
        if index >= self.marks.len() {
            self.marks.resize(index + 1, 0);
        }
        let before = self.marks[index];
        self.marks[index] |= mark;
        if let Some(count) = self.count(before) {
            *count -= 1;
        }
        if let Some(count) = self.count(before | mark) {
            *count += 1;
        }
    }

    fn count(&mut self, marks: u8) -> Option<&mut u64> {
        match marks {
            _ if marks & FAILED == 0 => None,
            _ if marks & HIT != 0 => Some(&mut self.failures.planned),
            _ if marks & ARRIVED != 0 => Some(&mut self.failures.unplanned),
            _ => Some(&mut self.failures.unreached),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::observer::testing::{attempt, exchange};
    use super::*;

    fn failures(exchanges: &[Exchange], attempts: &[Attempt]) -> Failures {
        let mut causes = Causes::new(100);
        for exchange in exchanges {
            causes.exchange(exchange);
        }
        for attempt in attempts {
            causes.attempt(attempt);
        }
        // The same rows in the opposite order come to the same.
        let mut other = Causes::new(100);
        for attempt in attempts.iter().rev() {
            other.attempt(attempt);
        }
        for exchange in exchanges.iter().rev() {
            other.exchange(exchange);
        }
        assert_eq!(causes.failures(), other.failures());
        causes.failures()
    }

    #[test]
    fn a_failure_is_planned_if_a_fault_took_effect_on_any_of_its_attempts() {
        let hit = Attempt { effective: 2, injections: 2, ..attempt(1, 0, 1) };
        let found = failures(&[exchange(1, 503)], &[hit, attempt(1, 1, 2)]);
        assert_eq!(found, Failures { planned: 1, ..Failures::default() });
    }

    #[test]
    fn a_fault_that_was_planned_and_took_no_effect_explains_nothing() {
        let missed = Attempt { injections: 2, ..attempt(1, 0, 1) };
        let found = failures(&[exchange(1, 503)], &[missed]);
        assert_eq!(found, Failures { unplanned: 1, ..Failures::default() });
    }

    #[test]
    fn a_failure_without_an_attempt_is_neither_planned_nor_unplanned() {
        let found = failures(&[exchange(1, 503)], &[]);
        assert_eq!(found, Failures { unreached: 1, ..Failures::default() });
    }

    #[test]
    fn a_client_that_left_on_purpose_was_planned() {
        let left = Exchange { outcome: Outcome::ClientAbort, ..exchange(1, 0) };
        assert_eq!(failures(&[left], &[attempt(1, 0, 1)]).planned, 1);
    }

    #[test]
    fn what_succeeded_was_skipped_or_cut_off_did_not_fail() {
        let skipped = Exchange { outcome: Outcome::Skipped, ..exchange(1, 0) };
        let cut = Exchange { outcome: Outcome::Unfinished, ..exchange(2, 0) };
        let hit = Attempt { effective: 1, ..attempt(3, 0, 1) };
        assert_eq!(failures(&[skipped, cut, exchange(3, 200)], &[hit]).total(), 0);
    }

    #[test]
    fn a_number_that_the_plan_does_not_have_takes_no_memory() {
        let mut causes = Causes::new(100);
        causes.exchange(&exchange(u64::MAX, 503));
        assert!(causes.marks.is_empty() && causes.failures().total() == 0);
    }
}
