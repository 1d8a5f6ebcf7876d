//! What HAProxy can't express of a policy. Measured with 2.6.

use std::time::Duration;

use super::super::launched::{CONNECT, Refusals, attempts, headers_within, priorities};
use crate::Upstreams;
use policy::{Breaker, Policy, RetryOn};

/// The statuses that `retry-on` knows (HAProxy 2.6 configuration manual, section 4.2).
const STATUSES: [u16; 10] = [401, 403, 404, 408, 425, 500, 501, 502, 503, 504];

/// The heaviest weight (section 5.2, `weight`).
const WEIGHT_MAX: u32 = 256;

/// The longest wait after a failed connect, where there is no other server to go to (section 4.2, `retries`).
const TURN_AROUND: Duration = Duration::from_secs(1);

pub(super) fn unsupported(upstreams: &Upstreams) -> Refusals {
    let policy = &upstreams.policy;
    let mut refusals = Refusals::new("haproxy", policy);
    total(&mut refusals, upstreams);
    retry(&mut refusals, policy);
    if let Some(breaker) = &policy.breaker {
        breaking(&mut refusals, breaker, policy);
    }
    pool(&mut refusals, upstreams);
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
    if headers_within(upstreams, between).is_none_or(|bound| bound > *total) {
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
