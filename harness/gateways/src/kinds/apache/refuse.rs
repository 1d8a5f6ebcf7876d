//! What Apache can't express of a policy. Measured with 2.4; its documentation of `ProxyPass`, and `mod_proxy.c` of its source.

use std::time::Duration;

use super::super::launched::{Ability, Refusals, attempts, headers_within, priorities};
use crate::Upstreams;
use policy::{Breaker, FailureClass, Policy, Retry, RetryOn};

/// The greatest `loadfactor`, and the number of `lbset`s.
const WEIGHT_MAX: u32 = 100;

pub(super) fn unsupported(upstreams: &Upstreams) -> Refusals {
    let policy = &upstreams.policy;
    // It has these, and none as the policy means it.
    let has = [Ability::Limit, Ability::Affinity, Ability::HealthCheck];
    let mut refusals = Refusals::new("apache", policy, &has);
    otherwise_meant(&mut refusals, policy);
    if upstreams.backends.iter().any(|backend| backend.tls) {
        refusals.say(
            "backend.tls",
            "apache checks a backend's certificate for the name that the client asked for: write a configuration of your own",
        );
    }
    if policy.timeout.per_try.is_some_and(|per_try| per_try.subsec_nanos() != 0) {
        refusals.say(
            "policy.timeout.per_try",
            "apache counts `timeout` in whole seconds: make timeout.per_try a whole number of them",
        );
    }
    if let Some(total) = policy.timeout.total
        && headers_within(upstreams, Duration::ZERO).is_none_or(|bound| bound > *total)
    {
        refusals
            .say("policy.timeout.total", "apache has no deadline over all attempts: remove timeout.total");
    }
    if let Some(retry) = policy.retry.as_ref().filter(|_| attempts(policy) > 1) {
        retrying(&mut refusals, retry, upstreams);
    }
    if let Some(breaker) = &policy.breaker {
        breaking(&mut refusals, breaker);
    }
    for backend in &upstreams.backends {
        if !(1..=WEIGHT_MAX).contains(&backend.weight) {
            let (name, weight) = (&backend.name, backend.weight);
            refusals.say(
                "backend.weight",
                format!("apache takes weights from 1 to 100, and `{name}` has {weight}"),
            );
        }
    }
    if priorities(&upstreams.backends).len() > 100 {
        refusals.say("backend.priority", "apache has at most 100 groups of backends");
    }
    refusals
}

/// What it has, and means otherwise than the policy.
fn otherwise_meant(refusals: &mut Refusals, policy: &Policy) {
    for (key, asked, why) in [
        (
            "policy.limit",
            policy.limit.is_some(),
            "apache bounds the connections of each process, and lets what is over wait for one: write a configuration of your own",
        ),
        (
            "policy.affinity",
            policy.affinity.is_some(),
            "apache keeps a client at one backend by a route that the backend's cookie names: write a configuration of your own",
        ),
        (
            "policy.health_check",
            policy.health_check.is_some(),
            "apache's checks (`mod_proxy_hcheck`) are not written by brownout: write a configuration of your own",
        ),
    ] {
        if asked {
            refusals.say(key, why);
        }
    }
}

fn retrying(refusals: &mut Refusals, retry: &Retry, upstreams: &Upstreams) {
    if retry.on != [RetryOn::ConnectFailure] {
        refusals.say(
            "policy.retry.on",
            "apache tries again when a connection could not be made, and for no other reason: write retry.on = [\"connect-failure\"]",
        );
    }
    if retry.backoff.is_some() {
        refusals.say(
            "policy.retry.backoff",
            "apache waits for nothing before it tries again: remove retry.backoff",
        );
    }
    // With a breaker, a backend that has failed is out by then.
    if retry.other_backend && upstreams.policy.breaker.is_none() {
        refusals.other_backend(upstreams);
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
        "apache leaves a backend alone after its first failure: write breaker.trip = { consecutive = 1 }",
    );
    refuse(
        "policy.breaker.open_for",
        breaker.open_for.subsec_nanos() != 0,
        "apache counts `retry` in whole seconds: make breaker.open_for a whole number of them",
    );
    let has = |class| breaker.fails.contains(&class);
    let whole = breaker.fails.iter().any(|class| matches!(class, FailureClass::Statuses(_)));
    refuse(
        "policy.breaker.fails",
        !has(FailureClass::One(RetryOn::ConnectFailure)) || has(FailureClass::One(RetryOn::Reset)) || whole,
        "apache always counts a connection that could not be made, never a reset, and statuses one by one: \
         write breaker.fails = [\"connect-failure\", \"503\"], with \"timeout\" and other statuses as you like",
    );
    refusals.passive_health(breaker);
}
