//! Small changes of what a policy declares for a pool: its limit, and what keeps requests together.

use policy::{Affinity, AffinityBy, HealthCheck, Limit, RateLimit, RateWindow, RetryBudget};
use units::Share;

use super::{instead, scaled};

/// A key, what it is instead, and the changed part of the policy.
type Changed<T> = (String, String, T);

/// Every small change of a limit.
pub(super) fn limits(limit: &Limit) -> Vec<Changed<Limit>> {
    let mut mutants = Vec::new();
    for in_flight in [limit.in_flight.saturating_sub(1), limit.in_flight + 1] {
        let what = instead(in_flight, limit.in_flight);
        mutants.push(("limit.in_flight".into(), what, Limit { in_flight, ..limit.clone() }));
    }
    if let Some(declared) = limit.queue.filter(|queue| *queue > 0) {
        for queue in [declared / 2, declared * 2] {
            let what = instead(queue, declared);
            mutants.push(("limit.queue".into(), what, Limit { queue: Some(queue), ..limit.clone() }));
        }
    }
    if let Some(declared) = limit.wait {
        for wait in [scaled(declared, 0.75), scaled(declared, 1.25)] {
            let what = instead(wait, declared);
            mutants.push(("limit.wait".into(), what, Limit { wait: Some(wait), ..limit.clone() }));
        }
    }
    if let Some(declared) = limit.status {
        let status = if declared == 429 { 503 } else { 429 };
        let what = instead(status, declared);
        mutants.push(("limit.status".into(), what, Limit { status: Some(status), ..limit.clone() }));
    }
    mutants
}

/// Every small change of a limit of requests in a time; None for no limit at all.
pub(super) fn rate_limits(limit: &RateLimit) -> Vec<(String, Option<RateLimit>)> {
    let mut mutants = vec![("no rate limit".to_owned(), None)];
    for calls in [limit.calls.saturating_sub(1), limit.calls + 1] {
        mutants.push((instead(calls, limit.calls), Some(RateLimit { calls, ..limit.clone() })));
    }
    for per in [scaled(limit.per, 0.75), scaled(limit.per, 1.25)] {
        mutants.push((instead(per, limit.per), Some(RateLimit { per, ..limit.clone() })));
    }
    if limit.window == RateWindow::Sliding {
        let window = RateWindow::Bucket;
        mutants.push(("a bucket instead of a window".into(), Some(RateLimit { window, ..limit.clone() })));
    }
    if limit.retry_after {
        mutants.push(("no `Retry-After`".into(), Some(RateLimit { retry_after: false, ..limit.clone() })));
    }
    mutants
}

/// Every small change of a budget for retries; None for no budget at all.
pub(super) fn budgets(budget: RetryBudget) -> Vec<(String, Option<RetryBudget>)> {
    let mut mutants = vec![("no budget".to_owned(), None)];
    for factor in [0.5, 2.0] {
        if let Some(share) = Share::new(budget.share.get() * factor) {
            mutants.push((instead(share, budget.share), Some(RetryBudget { share, ..budget })));
        }
    }
    for min in [budget.min.saturating_sub(1), budget.min + 1] {
        if min != budget.min {
            let what = format!("at least {min} instead of {}", budget.min);
            mutants.push((what, Some(RetryBudget { min, ..budget })));
        }
    }
    mutants
}

/// Every small change of what keeps requests together; None for nothing that does. Whether keys come back has none: where a hash
/// chooses, they do.
pub(super) fn affinities(affinity: &Affinity) -> Vec<Changed<Option<Affinity>>> {
    let key = || "affinity.by".to_owned();
    let mut mutants = vec![(key(), "nothing keeps requests together".to_owned(), None)];
    if affinity.by != AffinityBy::Connection {
        let other = Affinity { by: AffinityBy::Connection, ..affinity.clone() };
        mutants.push((key(), instead(&other, affinity), Some(other)));
    }
    mutants
}

/// Every small change of health checks.
pub(super) fn health_checks(check: &HealthCheck) -> Vec<Changed<HealthCheck>> {
    let mut mutants = Vec::new();
    for every in [scaled(check.every, 0.75), scaled(check.every, 1.5)] {
        let within = check.within.map(|within| within.min(every));
        let what = instead(every, check.every);
        mutants.push(("health_check.every".into(), what, HealthCheck { every, within, ..check.clone() }));
    }
    for by in [-1, 1] {
        if let Some(fall) = check.fall.checked_add_signed(by) {
            let what = instead(fall, check.fall);
            mutants.push(("health_check.fall".into(), what, HealthCheck { fall, ..check.clone() }));
        }
        if let Some(rise) = check.rise.checked_add_signed(by) {
            let what = instead(rise, check.rise);
            mutants.push(("health_check.rise".into(), what, HealthCheck { rise, ..check.clone() }));
        }
    }
    let path = if check.path == "/" { "/other" } else { "/" };
    let other = HealthCheck { path: path.into(), ..check.clone() };
    mutants.push(("health_check.path".into(), instead(path, &check.path), other));
    mutants
}
