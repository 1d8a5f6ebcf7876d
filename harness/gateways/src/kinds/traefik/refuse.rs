//! What Traefik can't express of a policy. Measured with 3.7; its documentation of the middleware Retry and of passive health checks.

use std::time::Duration;

use super::super::launched::requests::{self, Can};
use super::super::launched::{Ability, Refusals, attempts, headers_within};
use crate::Upstreams;
use policy::{Breaker, FailureClass, Retry, RetryOn};

pub(super) fn unsupported(upstreams: &Upstreams) -> Refusals {
    let policy = &upstreams.policy;
    let has = [Ability::Affinity, Ability::HealthCheck, Ability::RequestHeaders];
    let mut refusals = Refusals::new("traefik", policy, &has);
    requests::refuse(&mut refusals, "traefik", upstreams, &[Can::Variables]);
    if upstreams.mixes_tls() {
        refusals.say(
            "backend.tls",
            "the configuration made for traefik has one transport: TLS to all backends or to none",
        );
    }
    if let Some(total) = policy.timeout.total
        && headers_within(upstreams, Duration::ZERO).is_none_or(|bound| bound > *total)
    {
        refusals
            .say("policy.timeout.total", "traefik has no deadline over all attempts: remove timeout.total");
    }
    if let Some(retry) = policy.retry.as_ref().filter(|_| attempts(policy) > 1) {
        retrying(&mut refusals, retry);
        if retry.other_backend {
            refusals.other_backend(upstreams);
        }
    }
    if let Some(breaker) = &policy.breaker {
        breaking(&mut refusals, breaker);
    }
    if let Some(check) = &policy.health_check {
        // https://doc.traefik.io/traefik/reference/routing-configuration/http/load-balancing/service/#health-check
        for (key, count) in
            [("policy.health_check.fall", check.fall), ("policy.health_check.rise", check.rise)]
        {
            if count != 1 {
                refusals.say(
                    key,
                    format!("each single check decides for traefik, and not {count} in a row: write 1"),
                );
            }
        }
    }
    if policy.affinity.is_some() {
        refusals.say(
            "policy.affinity",
            "traefik chooses by a cookie that it sets itself, and not by what the client sends: remove policy.affinity",
        );
    }
    refusals.one_group(&upstreams.backends);
    for backend in upstreams.backends.iter().filter(|backend| backend.weight == 0) {
        refusals
            .say("backend.weight", format!("traefik takes weights from 1 on, and `{}` has 0", backend.name));
    }
    refusals
}

fn retrying(refusals: &mut Refusals, retry: &Retry) {
    let has = |on| retry.on.contains(&on);
    // It answers 502 itself after a reset and 504 after a timeout, and then looks at the status.
    for (status, own, word) in [(502, RetryOn::Reset, "reset"), (504, RetryOn::Timeout, "timeout")] {
        if has(RetryOn::Status(status)) != has(own) {
            let why = format!(
                "traefik turns a {word} into a {status} before it looks whether to try again: list both \"{word}\" and \"{status}\" in \
                 retry.on, or neither"
            );
            refusals.say("policy.retry.on", why);
        }
    }
    if has(RetryOn::Status(502)) && !has(RetryOn::ConnectFailure) {
        let why = "traefik turns a connection that could not be made into a 502 as well: list \"connect-failure\" in retry.on";
        refusals.say("policy.retry.on", why);
    }
    if retry.backoff.is_some() {
        let why =
            "traefik draws its waits from half to one and a half times their length: remove retry.backoff";
        refusals.say("policy.retry.backoff", why);
    }
}

fn breaking(refusals: &mut Refusals, breaker: &Breaker) {
    if breaker.trip.consecutive.is_none() {
        let why = "traefik's passive health checks count failures in a row: write breaker.trip = { consecutive = … }";
        refusals.say("policy.breaker.trip", why);
    }
    let usual = FailureClass::USUAL;
    let as_usual = breaker.fails.iter().all(|class| usual.contains(class))
        && usual.iter().all(|class| breaker.fails.contains(class));
    if !breaker.fails.is_empty() && !as_usual {
        let why =
            "traefik counts every status from 500 on and what it got no answer for: leave breaker.fails out";
        refusals.say("policy.breaker.fails", why);
    }
    refusals.passive_health(breaker);
}
