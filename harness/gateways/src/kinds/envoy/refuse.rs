//! What Envoy can't express of a policy. Measured with 1.40.

use std::time::Duration;

use units::{Share, Timespan};

use super::super::launched::requests::{self, Can};
use super::super::launched::{Ability, Refusals, attempts};
use crate::Upstreams;
use policy::{Affinity, AffinityBy, Backoff, Breaker, FailureClass, Limit, Policy, Retry, RetryOn, WayBack};

/// Envoy doubles each wait.
const FACTOR: f64 = 2.0;

pub(super) fn unsupported(upstreams: &Upstreams) -> Refusals {
    let policy = &upstreams.policy;
    let mut refusals = Refusals::new(
        "envoy",
        policy,
        &[
            Ability::RetryAfter,
            Ability::RetryBudget,
            Ability::Limit,
            Ability::Affinity,
            Ability::HealthCheck,
            Ability::RequestHeaders,
        ],
    );
    requests::refuse(&mut refusals, "envoy", upstreams, &[Can::Append, Can::Variables]);
    if upstreams.mixes_tls() {
        refusals.say("backend.tls", "envoy speaks TLS to all backends of a pool or to none");
    }
    if let Some(retry) = policy.retry.as_ref().filter(|_| attempts(policy) > 1) {
        conditions(&mut refusals, retry, policy);
        let (attempts, backends) = (retry.attempts, upstreams.backends.len());
        if retry.other_backend && backends > 1 && usize::from(attempts) > backends {
            let why = format!(
                "envoy can't go to another backend once it has tried them all: retry.attempts = {attempts} needs \
                 {attempts} backends, the pool has {backends}"
            );
            refusals.say("policy.retry.attempts", why);
        }
        if let Some(backoff) = &retry.backoff {
            waiting(&mut refusals, backoff);
        }
        if retry.retry_after.is_some_and(|asked| asked.max.is_some()) {
            refusals.say(
                "policy.retry.retry_after.max",
                "envoy takes a `Retry-After` above its longest for none, and waits by the backoff: remove retry_after.max",
            );
        }
    }
    if let Some(breaker) = &policy.breaker {
        breaking(&mut refusals, breaker);
    }
    if let Some(limit) = &policy.limit {
        limiting(&mut refusals, limit);
    }
    if let Some(affinity) = &policy.affinity {
        keeping_together(&mut refusals, affinity, policy.breaker.is_some());
    }
    for backend in upstreams.backends.iter().filter(|backend| backend.weight == 0) {
        refusals
            .say("backend.weight", format!("envoy takes weights from 1 on, and `{}` has 0", backend.name));
    }
    refusals
}

/// `reset` comprises connect failures and timeouts, and nothing comprises timeouts alone.
fn conditions(refusals: &mut Refusals, retry: &Retry, policy: &Policy) {
    let on = |condition| retry.on.contains(&condition);
    // A timer that is not there never fires.
    let timed = policy.timeout.per_try.is_some();
    if on(RetryOn::Reset) && timed && !on(RetryOn::Timeout) {
        refusals.say(
            "policy.retry.on",
            "envoy retries a timeout wherever it retries a reset: add \"timeout\" to retry.on, or leave \"reset\" out",
        );
    }
    if on(RetryOn::Reset) && !on(RetryOn::ConnectFailure) {
        refusals.say(
            "policy.retry.on",
            "envoy retries a failed connect wherever it retries a reset: add \"connect-failure\" to retry.on, or leave \
             \"reset\" out",
        );
    }
    if on(RetryOn::Timeout) && timed && !on(RetryOn::Reset) {
        refusals.say("policy.retry.on", "envoy has no retry on timeouts only: add \"reset\" to retry.on");
    }
}

/// `max_requests` of a cluster. `max_pending_requests` is no queue of those beyond it: it counts who waits for a connection, also
/// while one is being made.
fn keeping_together(refusals: &mut Refusals, affinity: &Affinity, ejects: bool) {
    if affinity.by == AffinityBy::Connection {
        let why = "envoy knows a client by its address, and not by its connection: write affinity.by = { header = \"…\" } or \
                   { cookie = \"…\" }";
        refusals.say("policy.affinity.by", why);
    }
    if ejects {
        // Measured with 1.40: of three hosts, 12 % of the keys of the two that were left.
        let why = "envoy makes its hash ring anew when a host is ejected, which moves keys of the other hosts as well: remove \
                   policy.breaker or policy.affinity";
        refusals.say("policy.affinity", why);
    }
}

fn limiting(refusals: &mut Refusals, limit: &Limit) {
    if limit.scope.is_backend() {
        refusals.say(
            "policy.limit.scope",
            "envoy limits the requests of a pool, never those of one backend: write scope = \"pool\"",
        );
    }
    if limit.queue.is_some_and(|queue| queue > 0) {
        refusals.say("policy.limit.queue", "envoy lets no request wait for its turn: write queue = 0");
    }
    if limit.status.is_some_and(|status| status != 503) {
        refusals.say("policy.limit.status", "envoy turns requests away with 503: write status = 503");
    }
}

fn waiting(refusals: &mut Refusals, backoff: &Backoff) {
    if !backoff.jitter {
        refusals.say(
            "policy.retry.backoff.jitter",
            "envoy always draws its waits at random: set backoff.jitter = true",
        );
    }
    if (backoff.factor - FACTOR).abs() > f64::EPSILON {
        let why = format!("envoy doubles each wait: backoff.factor = {} can't be had", backoff.factor);
        refusals.say("policy.retry.backoff.factor", why);
    }
    refusals.timer("policy.retry.backoff.base", Some(backoff.base));
    refusals.timer("policy.retry.backoff.max", backoff.max);
}

fn breaking(refusals: &mut Refusals, breaker: &Breaker) {
    if breaker.trip.count.is_some() {
        refusals.say(
            "policy.breaker.trip",
            "envoy counts consecutive failures or a share: write breaker.trip = { consecutive = … } or { share = …, \
             within = …, min = … }",
        );
    }
    if let Some(share) = breaker.trip.share
        && is_not_percent(share)
    {
        let why = format!("envoy counts shares in whole percent, which a share of {} is not", share.get());
        refusals.say("policy.breaker.trip.share", why);
    }
    if breaker.trip.within.is_some_and(|within| within < Timespan(Duration::from_millis(1))) {
        refusals.say("policy.breaker.trip.within", "envoy's window lasts at least 1 ms");
    }
    if breaker.probes.is_some() {
        refusals.say("policy.breaker.probes", "envoy has no half-open state");
    }
    if !breaker.fails.is_empty() && !is_usual(&breaker.fails) && !is_gateway_failure(&breaker.fails) {
        refusals.say(
            "policy.breaker.fails",
            "envoy counts timeouts, resets and failed connects together with \"5xx\", or with \"502\", \"503\" and \
             \"504\": list these, or leave breaker.fails out",
        );
    }
    if is_gateway_failure(&breaker.fails) && breaker.trip.share.is_some() {
        refusals.say("policy.breaker.fails", "envoy's share counts every \"5xx\": leave breaker.fails out");
    }
    ejecting(refusals, breaker);
}

/// What is peculiar to ejection: growing times, ticks, the way back, and how many may be out.
fn ejecting(refusals: &mut Refusals, breaker: &Breaker) {
    if breaker.open_grows && breaker.tick.is_none() && breaker.trip.share.is_none() {
        refusals.say(
            "policy.breaker.open_grows",
            "envoy forgets one ejection at each look in which the backend is in: give breaker.tick, longer than the \
             backend takes to be ejected again",
        );
    }
    if breaker.trip.share.is_some() && breaker.tick != breaker.trip.within {
        refusals.say(
            "policy.breaker.tick",
            "envoy looks once in each window whether the share is reached, and whether the open time is over: make \
             breaker.tick as long as breaker.trip.within",
        );
    }
    let way_back = match breaker.way_back {
        None | Some(WayBack::All) => None,
        Some(WayBack::Probe) => Some("envoy gives all traffic back at once and has no probe"),
        Some(WayBack::Check) => {
            Some("envoy gives all traffic back once the time is over, whatever a health check says")
        }
        Some(WayBack::Ramp(_)) => {
            Some("envoy gives all traffic back at once and has no ramp after an ejection")
        }
    };
    if let Some(why) = way_back {
        refusals.say("policy.breaker.way_back", format!("{why}: write way_back = \"all\""));
    }
    if breaker.shed_status.is_some_and(|status| status != 503) {
        let why =
            "envoy answers 503 by itself when no backend is left: write shed_status = 503, or leave it out";
        refusals.say("policy.breaker.shed_status", why);
    }
    if breaker.workers != 1 {
        refusals.say(
            "policy.breaker.workers",
            "envoy's workers share one outlier detection: leave breaker.workers out",
        );
    }
    if let Some(share) = breaker.out_max
        && is_not_percent(share)
    {
        let why = format!("envoy counts shares in whole percent, which a share of {} is not", share.get());
        refusals.say("policy.breaker.out_max", why);
    }
}

fn is_not_percent(share: Share) -> bool {
    let percent = share.get() * 100.0;
    (percent - percent.round()).abs() > 1e-6
}

/// True for what `consecutive_5xx` counts: statuses of the 500s, and what Envoy answers with one of them itself.
fn is_usual(fails: &[FailureClass]) -> bool {
    same(fails, &FailureClass::USUAL)
}

/// True for what `consecutive_gateway_failure` counts.
pub(super) fn is_gateway_failure(fails: &[FailureClass]) -> bool {
    let statuses = [502, 503, 504].map(RetryOn::Status);
    let others = [RetryOn::Timeout, RetryOn::Reset, RetryOn::ConnectFailure];
    same(fails, &statuses.into_iter().chain(others).map(FailureClass::One).collect::<Vec<_>>())
}

fn same(some: &[FailureClass], others: &[FailureClass]) -> bool {
    some.iter().all(|class| others.contains(class)) && others.iter().all(|class| some.contains(class))
}
