//! What Varnish can't express of a policy. Measured with 7.1; its reference of VCL and of `varnishd`.

use std::time::Duration;

use super::super::launched::{Ability, Refusals, attempts, headers_within};
use crate::Upstreams;
use policy::{AffinityBy, Limit, Retry, RetryOn};

/// How many of the last checks a probe may look at.
const WINDOW_MAX: u32 = 64;

pub(super) fn unsupported(upstreams: &Upstreams) -> Refusals {
    let policy = &upstreams.policy;
    let has = [Ability::Affinity, Ability::Limit, Ability::HealthCheck];
    let mut refusals = Refusals::new("varnish", policy, &has);
    if upstreams.backends.iter().any(|backend| backend.tls) {
        refusals.say("backend.tls", "varnish speaks no TLS to backends");
    }
    if let Some(total) = policy.timeout.total
        && headers_within(upstreams, Duration::ZERO).is_none_or(|bound| bound > *total)
    {
        refusals
            .say("policy.timeout.total", "varnish has no deadline over all attempts: remove timeout.total");
    }
    if let Some(retry) = policy.retry.as_ref().filter(|_| attempts(policy) > 1) {
        retrying(&mut refusals, retry);
        if retry.other_backend {
            refusals.other_backend(upstreams);
        }
    }
    if policy.breaker.is_some() {
        refusals.say(
            "policy.breaker",
            "varnish leaves no backend alone after failures of requests: remove the table, or write [policy.health_check]",
        );
    }
    if let Some(check) = &policy.health_check
        && check.fall + check.rise - 1 > WINDOW_MAX
    {
        refusals.say(
            "policy.health_check.fall",
            "varnish looks at the last 64 checks: make fall and rise at most 65 together",
        );
    }
    if let Some(limit) = &policy.limit {
        limiting(&mut refusals, limit, attempts(policy));
    }
    affinity(&mut refusals, upstreams);
    refusals.one_group(&upstreams.backends);
    refusals
}

fn retrying(refusals: &mut Refusals, retry: &Retry) {
    let without = [RetryOn::ConnectFailure, RetryOn::Reset, RetryOn::Timeout];
    let listed = without.iter().filter(|on| retry.on.contains(on)).count();
    if listed != 0 && listed != without.len() {
        refusals.say(
            "policy.retry.on",
            "varnish does not tell why it got no answer: list all of \"connect-failure\", \"reset\" and \"timeout\" in retry.on, or none",
        );
    }
    if retry.backoff.is_some() {
        refusals.say(
            "policy.retry.backoff",
            "varnish waits for nothing before it tries again: remove retry.backoff",
        );
    }
}

/// `max_connections` of a backend: what is over is answered at once.
fn limiting(refusals: &mut Refusals, limit: &Limit, attempts: u32) {
    if !limit.scope.is_backend() {
        refusals.say(
            "policy.limit.scope",
            "varnish counts each backend's connections: write scope = \"backend\"",
        );
    }
    if limit.queue.is_some_and(|queue| queue > 0) {
        refusals.say("policy.limit.queue", "varnish lets no request wait for a backend: write queue = 0");
    }
    if limit.status.is_some_and(|status| status != 503) {
        refusals.say(
            "policy.limit.status",
            "varnish answers 503 when a backend may get no more: write status = 503",
        );
    }
    if attempts > 1 {
        refusals
            .say("policy.limit", "varnish tries again what a limit turned away: remove the table, or retry");
    }
}

fn affinity(refusals: &mut Refusals, upstreams: &Upstreams) {
    let Some(affinity) = &upstreams.policy.affinity else { return };
    if !matches!(affinity.by, AffinityBy::Header(_) | AffinityBy::Path) {
        refusals.say(
            "policy.affinity.by",
            "varnish has no name for a single cookie or for the client's connection: write affinity.by = { header = \"…\" }",
        );
    }
    let weight = upstreams.backends.first().map(|backend| backend.weight);
    if upstreams.backends.iter().any(|backend| Some(backend.weight) != weight) {
        refusals.say(
            "policy.affinity",
            "varnish's `shard` is used without weights here: give all backends the same weight",
        );
    }
}
