//! A breaker that counts a status only where the request is tried again: with such faults, only requests that are say what it does.

use policy::{FailureClass, RetryOn};

use super::{Planning, written};

impl Planning<'_> {
    /// The fault of one backend. Where statuses of writes don't count, those of reads are what shows it.
    pub(super) fn one_fails(&self, fault: RetryOn) -> String {
        let retry = self.policy.retry.as_ref();
        let is_counted = retry.is_some_and(|retry| retry.methods.iter().any(|method| method == "POST"));
        let only_reads = self.pool.counts_retried && matches!(fault, RetryOn::Status(_)) && !is_counted;
        let when = if only_reads { "\nwhen = { traffic = \"reads\" }" } else { "" };
        written(fault) + when
    }

    /// The fault of all of them. The status of the last try would not count, and a reset does.
    pub(super) fn all_fail_by(&self, classes: &[(FailureClass, RetryOn)]) -> Option<RetryOn> {
        let (_, first) = classes.first()?;
        Some(if self.pool.counts_retried { RetryOn::Reset } else { *first })
    }
}
