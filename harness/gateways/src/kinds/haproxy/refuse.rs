//! What HAProxy can't express of a policy. Measured with 2.6.

use std::time::Duration;

use super::super::launched::requests::{self, Can};
use super::super::launched::{Ability, CONNECT, Refusals, attempts, headers_within, priorities};
use crate::Upstreams;
use policy::{AffinityBy, AllOut, Breaker, Limit, Policy, RetryOn, WayBack};

/// The statuses that `retry-on` knows (HAProxy 2.6 configuration manual, section 4.2).
const STATUSES: [u16; 10] = [401, 403, 404, 408, 425, 500, 501, 502, 503, 504];

/// The heaviest weight (section 5.2, `weight`).
const WEIGHT_MAX: u32 = 256;

/// The longest wait after a failed connect, where there is no other server to go to (section 4.2, `retries`).
const TURN_AROUND: Duration = Duration::from_secs(1);

pub(super) fn unsupported(upstreams: &Upstreams) -> Refusals {
    let policy = &upstreams.policy;
    let mut refusals = Refusals::new(
        "haproxy",
        policy,
        &[Ability::Limit, Ability::Affinity, Ability::HealthCheck, Ability::RequestHeaders],
    );
    requests::refuse(&mut refusals, "haproxy", upstreams, &[Can::Append, Can::Variables]);
    total(&mut refusals, upstreams);
    retry(&mut refusals, policy);
    if let Some(breaker) = &policy.breaker {
        breaking(&mut refusals, breaker, policy);
    }
    if let Some(limit) = &policy.limit {
        limiting(&mut refusals, limit);
    }
    if policy.health_check.is_some() && policy.breaker.is_some() {
        let why = "haproxy has one check for both, which would bring a server back that the breaker keeps out: declare one of them";
        refusals.say("policy.health_check", why);
    }
    pool(&mut refusals, upstreams);
    if policy.affinity.as_ref().is_some_and(|affinity| affinity.by == AffinityBy::Connection) {
        refusals.say(
            "policy.affinity.by",
            "haproxy knows a client by its address, and not by its connection: write affinity.by = { header = \"…\" } or { cookie = \"…\" }",
        );
    }
    refusals
}

fn total(refusals: &mut Refusals, upstreams: &Upstreams) {
    let policy = &upstreams.policy;
    let stays =
        upstreams.backends.len() == 1 || policy.retry.as_ref().is_some_and(|retry| !retry.other_backend);
    let connect = policy.timeout.connect.map_or(CONNECT, Duration::from);
    let between = if stays { connect.min(TURN_AROUND) } else { Duration::ZERO };
    let Some(total) = policy.timeout.total else {
        return;
    };
    let queued = policy.limit.as_ref().map_or(Duration::ZERO, longest_wait);
    if headers_within(upstreams, between).is_none_or(|bound| bound.saturating_add(queued) > *total) {
        refusals
            .say("policy.timeout.total", "haproxy has no deadline over all attempts: remove timeout.total");
    }
}

fn retry(refusals: &mut Refusals, policy: &Policy) {
    let Some(retry) = policy.retry.as_ref().filter(|_| attempts(policy) > 1) else {
        return;
    };
    for on in &retry.on {
        if let RetryOn::Status(code) = on
            && !STATUSES.contains(code)
        {
            let why = format!(
                "haproxy can't retry on status {code}; it knows 401, 403, 404, 408, 425 and 500 to 504"
            );
            refusals.say("policy.retry.on", why);
        }
    }
    if retry.backoff.is_some() {
        refusals.say("policy.retry.backoff", "haproxy has no retry backoff: remove retry.backoff");
    }
}

fn breaking(refusals: &mut Refusals, breaker: &Breaker, policy: &Policy) {
    let wrong = if breaker.trip.share.is_some() {
        Some("haproxy has no error-share breaker: write breaker.trip = { consecutive = … }")
    } else if breaker.trip.count.is_some() {
        Some("haproxy's breaker counts consecutive errors only: write breaker.trip = { consecutive = … }")
    } else {
        None
    };
    if let Some(why) = wrong {
        refusals.say("policy.breaker.trip", why);
    }
    if breaker.probes.is_some() {
        refusals.say("policy.breaker.probes", "haproxy has no half-open state");
    }
    ejecting(refusals, breaker);
    let blind = policy
        .retry
        .as_ref()
        .filter(|_| attempts(policy) > 1)
        .is_some_and(|retry| retry.on.iter().any(|on| *on != RetryOn::ConnectFailure));
    if blind {
        refusals.say(
            "policy.breaker",
            "haproxy's breaker does not see attempts that are retried: remove the breaker, or write retry.on = \
             [\"connect-failure\"]",
        );
    }
}

/// What HAProxy's marking down has no means for.
fn ejecting(refusals: &mut Refusals, breaker: &Breaker) {
    let mut refuse = |key, unwanted: bool, why: &str| {
        if unwanted {
            refusals.say(key, why);
        }
    };
    refuse(
        "policy.breaker.fails",
        !breaker.fails.is_empty(),
        "haproxy counts what `observe layer7` counts (timeouts, resets, failed connects, the 500s but 501 and 505): \
         leave breaker.fails out",
    );
    refuse(
        "policy.breaker.open_grows",
        breaker.open_grows,
        "haproxy's server is checked after the same time whenever it is marked down: remove open_grows",
    );
    refuse(
        "policy.breaker.tick",
        breaker.tick.is_some() && breaker.way_back != Some(WayBack::Check),
        "haproxy looks at a server that is down by a health check only: write way_back = \"check\" as well",
    );
    refuse(
        "policy.breaker.way_back",
        matches!(breaker.way_back, Some(WayBack::Probe | WayBack::Ramp(_))),
        "haproxy gives all traffic back at once, after a time or by a health check: write way_back = \"all\" or \
         \"check\"",
    );
    refuse(
        "policy.breaker.workers",
        breaker.workers != 1,
        "haproxy runs as one process, whose threads share the state of a server: leave breaker.workers out",
    );
    refuse(
        "policy.breaker.out_max",
        breaker.out_max.is_some_and(|share| share.get() < 1.0),
        "haproxy marks down any number of servers: leave breaker.out_max out",
    );
    refuse(
        "policy.breaker.all_out",
        breaker.all_out == Some(AllOut::Panic),
        "haproxy answers 503 by itself when every server is down: write all_out = \"shed\"",
    );
    refuse(
        "policy.breaker.shed_status",
        breaker.shed_status.is_some_and(|status| status != 503),
        "haproxy answers 503 by itself when no backend is left: write shed_status = 503, or leave it out",
    );
}

/// How long a request may wait for its turn.
fn longest_wait(limit: &Limit) -> Duration {
    match limit.queue {
        Some(0) => Duration::ZERO,
        _ => limit.wait.map_or(Duration::MAX, Duration::from),
    }
}

/// The statuses that `deny_status` knows (section 4.2, `http-request deny`), of those that a limit may have.
const DENIED: [u16; 17] =
    [400, 401, 403, 404, 405, 407, 408, 410, 413, 421, 422, 425, 429, 500, 502, 503, 504];

/// `maxconn` of a server counts requests (section 5.2): a connection that nobody uses does not count.
fn limiting(refusals: &mut Refusals, limit: &Limit) {
    if !limit.scope.is_backend() {
        refusals.say(
            "policy.limit.scope",
            "haproxy's `maxconn` is of one server, never of the pool: write scope = \"backend\"",
        );
    }
    refusals.timer("policy.limit.wait", limit.wait);
    let Some(status) = limit.status else { return };
    if limit.queue != Some(0) && status != 503 {
        refusals.say(
            "policy.limit.status",
            "haproxy answers 503 when the wait for a server is over: write status = 503, or queue = 0",
        );
    } else if !DENIED.contains(&status) {
        let why = format!("haproxy can't turn a request away with {status}: write status = 503");
        refusals.say("policy.limit.status", why);
    }
}

fn pool(refusals: &mut Refusals, upstreams: &Upstreams) {
    refusals.two_groups_at_most(&upstreams.backends);
    if priorities(&upstreams.backends).len() > 1 && upstreams.policy.breaker.is_none() {
        refusals.say(
            "backend.priority",
            "haproxy uses a backup only when the breaker has opened on every primary: add [policy.breaker]",
        );
    }
    for backend in upstreams.backends.iter().filter(|backend| !(1..=WEIGHT_MAX).contains(&backend.weight)) {
        let why = format!(
            "haproxy takes weights from 1 to {WEIGHT_MAX}, and `{}` has {}",
            backend.name, backend.weight
        );
        refusals.say("backend.weight", why);
    }
}
