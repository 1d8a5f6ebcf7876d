//! What Caddy can't express of a policy. Measured with 2.11; `reverseproxy.go` and `healthchecks.go` of its source.

use super::super::launched::requests::{self, Can};
use super::super::launched::{Ability, Refusals, attempts, headers_within, waits};
use crate::Upstreams;
use policy::{AffinityBy, Breaker, FailureClass, Retry, RetryOn};

pub(super) fn unsupported(upstreams: &Upstreams) -> Refusals {
    let policy = &upstreams.policy;
    let has = [Ability::Affinity, Ability::HealthCheck, Ability::RequestHeaders];
    let mut refusals = Refusals::new("caddy", policy, &has);
    requests::refuse(&mut refusals, "caddy", upstreams, &[Can::Append, Can::Variables, Can::Each]);
    if upstreams.mixes_tls() {
        refusals.say("backend.tls", "caddy speaks TLS to all backends of a pool or to none");
    }
    let between = waits(policy);
    if let Some(total) = policy.timeout.total
        && headers_within(upstreams, between).is_none_or(|bound| bound > *total)
    {
        refusals.say(
            "policy.timeout.total",
            "caddy can't cut an attempt when timeout.total is over, it only starts no further one: remove timeout.total",
        );
    }
    if let Some(retry) = policy.retry.as_ref().filter(|_| attempts(policy) > 1) {
        retrying(&mut refusals, retry);
        // With a breaker, a backend that has failed is out by then.
        if retry.other_backend && policy.breaker.is_none() {
            refusals.other_backend(upstreams);
        }
    }
    if let Some(breaker) = &policy.breaker {
        breaking(&mut refusals, breaker);
    }
    affinity(&mut refusals, upstreams);
    refusals.one_group(&upstreams.backends);
    refusals
}

fn affinity(refusals: &mut Refusals, upstreams: &Upstreams) {
    let Some(affinity) = &upstreams.policy.affinity else { return };
    match affinity.by {
        AffinityBy::Header(_) | AffinityBy::Path => {}
        AffinityBy::Cookie(_) => refusals.say(
            "policy.affinity.by",
            "caddy chooses by a cookie that it sets itself, and not by one of the client's: write affinity.by = { header = \"…\" }",
        ),
        AffinityBy::Connection => refusals.say(
            "policy.affinity.by",
            "caddy knows a client by its address, and not by its connection: write affinity.by = { header = \"…\" }",
        ),
    }
    let weight = upstreams.backends.first().map(|backend| backend.weight);
    if upstreams.backends.iter().any(|backend| Some(backend.weight) != weight) {
        refusals.say("policy.affinity", "caddy hashes without weights: give all backends the same weight");
    }
}

fn retrying(refusals: &mut Refusals, retry: &Retry) {
    for on in &retry.on {
        if let RetryOn::Status(code) = on {
            refusals.say("policy.retry.on", format!("caddy never tries again on a status, such as {code}"));
        }
    }
    if !retry.on.contains(&RetryOn::ConnectFailure) {
        let why = "caddy always tries again when a connection could not be made: list \"connect-failure\" in retry.on";
        refusals.say("policy.retry.on", why);
    }
    if retry.on.contains(&RetryOn::Reset) != retry.on.contains(&RetryOn::Timeout) {
        let why = "caddy tries again after resets and timeouts alike: list both \"reset\" and \"timeout\" in retry.on, or neither";
        refusals.say("policy.retry.on", why);
    }
    if let Some(backoff) = &retry.backoff {
        if backoff.jitter || (backoff.factor - 1.0).abs() > f64::EPSILON {
            let why =
                "caddy waits the same time before each attempt: write backoff.factor = 1, without jitter";
            refusals.say("policy.retry.backoff", why);
        }
        refusals.timer("policy.retry.backoff.base", Some(backoff.base));
        if backoff.max.is_some_and(|max| max < backoff.base) {
            refusals.say("policy.retry.backoff.max", "caddy has no bound on its wait: remove backoff.max");
        }
    }
}

fn breaking(refusals: &mut Refusals, breaker: &Breaker) {
    let mut refuse = |key, unwanted: bool, why: &str| {
        if unwanted {
            refusals.say(key, why);
        }
    };
    refuse(
        "policy.breaker.trip",
        breaker.trip.consecutive != Some(1),
        "caddy forgets each failure `fail_duration` after it came, so that with several the open time depends on when they came: \
         write breaker.trip = { consecutive = 1 }",
    );
    let others = [RetryOn::Timeout, RetryOn::Reset, RetryOn::ConnectFailure].map(FailureClass::One);
    refuse(
        "policy.breaker.fails",
        !breaker.fails.is_empty() && !others.iter().all(|other| breaker.fails.contains(other)),
        "caddy always counts what it got no answer for: list \"timeout\", \"reset\" and \"connect-failure\" in breaker.fails",
    );
    refusals.passive_health(breaker);
}
