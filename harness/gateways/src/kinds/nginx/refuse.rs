//! What nginx can't express of a policy. Measured with 1.22.

use std::time::Duration;

use super::super::launched::requests::{self, Can};
use super::super::launched::{Ability, Refusals, attempts, headers_within, priorities};
use crate::Upstreams;
use policy::{AffinityBy, AllOut, Breaker, FailureClass, Limit, Policy, Retry, RetryOn, WayBack};
use units::Timespan;

/// The statuses that `proxy_next_upstream` knows.
const STATUSES: [u16; 7] = [403, 404, 429, 500, 502, 503, 504];

/// The step of the clock by which it counts `fail_timeout`.
const CLOCK: Timespan = Timespan(Duration::from_secs(1));

/// More workers than any test needs would only take descriptors from the others.
const WORKERS_MAX: u32 = 64;

pub(super) fn unsupported(upstreams: &Upstreams) -> Refusals {
    let policy = &upstreams.policy;
    let mut refusals =
        Refusals::new("nginx", policy, &[Ability::Limit, Ability::Affinity, Ability::RequestHeaders]);
    requests::refuse(&mut refusals, "nginx", upstreams, &[Can::Append]);
    if upstreams.mixes_tls() {
        refusals.say("backend.tls", "nginx speaks TLS to all backends of a pool or to none");
    }
    if let Some(total) = policy.timeout.total
        && headers_within(upstreams, Duration::ZERO).is_none_or(|bound| bound > *total)
    {
        refusals.say(
            "policy.timeout.total",
            "nginx can't cut an attempt when timeout.total is over, it only starts no further one: remove timeout.total",
        );
    }
    if let Some(retry) = policy.retry.as_ref().filter(|_| attempts(policy) > 1) {
        retrying(&mut refusals, retry, upstreams.backends.len());
    }
    if let Some(breaker) = &policy.breaker {
        breaking(&mut refusals, breaker, policy, upstreams.backends.len());
    }
    if let Some(limit) = &policy.limit {
        limiting(&mut refusals, limit, upstreams);
    }
    if policy.affinity.is_some() && priorities(&upstreams.backends).len() > 1 {
        refusals.say(
            "policy.affinity",
            "nginx takes no `backup` servers where it hashes: give all backends the same priority, or leave affinity out",
        );
    }
    if let Some(AffinityBy::Cookie(name)) = policy.affinity.as_ref().map(|affinity| &affinity.by)
        && name.contains('-')
    {
        refusals.say(
            "policy.affinity.by",
            "nginx has no variable for a cookie with `-` in its name: choose another name",
        );
    }
    refusals.two_groups_at_most(&upstreams.backends);
    for backend in upstreams.backends.iter().filter(|backend| backend.weight == 0) {
        refusals
            .say("backend.weight", format!("nginx takes weights from 1 on, and `{}` has 0", backend.name));
    }
    refusals
}

/// `max_conns` of a server, and `limit_conn` of the pool: neither lets anybody wait.
fn limiting(refusals: &mut Refusals, limit: &Limit, upstreams: &Upstreams) {
    let policy = &upstreams.policy;
    if limit.queue.is_some_and(|queue| queue > 0) {
        refusals.say("policy.limit.queue", "nginx lets no request wait for a backend: write queue = 0");
    }
    if !limit.scope.is_backend() {
        return;
    }
    if limit.status.is_some_and(|status| status != 502) {
        refusals.say(
            "policy.limit.status",
            "nginx answers 502 when no backend may get more: write status = 502, or scope = \"pool\"",
        );
    }
    if policy.breaker.as_ref().is_some_and(|breaker| breaker.workers > 1) {
        refusals.say(
            "policy.limit.scope",
            "each of nginx's workers counts a backend's requests for itself: write scope = \"pool\"",
        );
    }
    if upstreams.backends.len() == 1 && attempts(policy) > 1 {
        refusals.say(
            "policy.limit.scope",
            "nginx has an entry of a lone backend for each attempt, and counts each for itself: write scope = \"pool\"",
        );
    }
}

fn retrying(refusals: &mut Refusals, retry: &Retry, backends: usize) {
    let attempts = retry.attempts;
    // A lone backend is listed as often as it may be tried.
    if backends > 1 && usize::from(attempts) > backends {
        let why = format!(
            "nginx tries every backend at most once: retry.attempts = {attempts} needs {attempts} backends, the pool \
             has {backends}"
        );
        refusals.say("policy.retry.attempts", why);
    }
    for on in &retry.on {
        if let RetryOn::Status(code) = on
            && !STATUSES.contains(code)
        {
            let why =
                format!("nginx can't retry on status {code}; it knows 403, 404, 429, 500, 502, 503 and 504");
            refusals.say("policy.retry.on", why);
        }
    }
    if retry.on.contains(&RetryOn::ConnectFailure) != retry.on.contains(&RetryOn::Reset) {
        refusals.say(
            "policy.retry.on",
            "nginx retries refused and reset connections alike: list both \"connect-failure\" and \"reset\" in \
             retry.on, or neither",
        );
    }
    if retry.backoff.is_some() {
        refusals.say("policy.retry.backoff", "nginx has no retry backoff: remove retry.backoff");
    }
}

fn breaking(refusals: &mut Refusals, breaker: &Breaker, policy: &Policy, backends: usize) {
    let open_for = breaker.open_for;
    if let Some(failures) = breaker.trip.consecutive {
        let why = format!(
            "nginx counts failures, not consecutive ones: write breaker.trip = {{ count = {failures}, within = \
             breaker.open_for }}"
        );
        refusals.say("policy.breaker.trip", why);
    }
    if breaker.trip.share.is_some() {
        refusals.say(
            "policy.breaker.trip",
            "nginx has no error-share breaker: write breaker.trip = { count = …, within = breaker.open_for }",
        );
    }
    if breaker.trip.count.is_some() && breaker.trip.within != Some(open_for) {
        refusals.say(
            "policy.breaker.trip.within",
            "nginx uses one time for the window and for open_for: make breaker.trip.within equal to breaker.open_for",
        );
    }
    if open_for.subsec_nanos() != 0 {
        let why =
            format!("nginx counts time in whole seconds here, which breaker.open_for = `{open_for}` is not");
        refusals.say("policy.breaker.open_for", why);
    }
    if breaker.probes.is_some_and(|probes| probes > 1) {
        refusals.say("policy.breaker.probes", "nginx probes with exactly one request");
    }
    ejecting(refusals, breaker, policy);
    if backends == 1 {
        refusals.say("policy.breaker", "nginx has no breaker for a pool of one backend");
    }
    let sees_statuses = policy
        .retry
        .as_ref()
        .filter(|_| attempts(policy) > 1)
        .is_some_and(|retry| retry.on.iter().any(|on| matches!(on, RetryOn::Status(500..))));
    // What no answer came for counts in any case.
    let is_status = |class: &FailureClass| {
        matches!(class, FailureClass::Statuses(_) | FailureClass::One(RetryOn::Status(_)))
    };
    let counts_statuses = breaker.fails.is_empty() || breaker.fails.iter().any(is_status);
    if counts_statuses && !sees_statuses {
        refusals.say(
            "policy.breaker",
            "nginx counts a status as a failure only when it retries it: add \"503\" or whichever it is to retry.on, \
             with at least 2 attempts",
        );
    }
}

/// What `max_fails` and `fail_timeout` have no means for.
fn ejecting(refusals: &mut Refusals, breaker: &Breaker, policy: &Policy) {
    let counted: Vec<FailureClass> =
        policy.retry.iter().flat_map(|retry| retry.on.iter().copied().map(FailureClass::One)).collect();
    let as_retried = breaker.fails.iter().all(|class| counted.contains(class))
        && counted.iter().all(|class| breaker.fails.contains(class));
    let mut refuse = |key, unwanted: bool, why: &str| {
        if unwanted {
            refusals.say(key, why);
        }
    };
    refuse(
        "policy.breaker.fails",
        !breaker.fails.is_empty() && !as_retried,
        "nginx counts exactly what it retries: list the same in breaker.fails as in retry.on, or leave it out",
    );
    refuse(
        "policy.breaker.open_grows",
        breaker.open_grows,
        "nginx's `fail_timeout` is the same each time: remove open_grows",
    );
    // `now - checked > fail_timeout` in ngx_http_upstream_round_robin.c, with a clock of whole seconds.
    refuse(
        "policy.breaker.tick",
        breaker.tick != Some(CLOCK),
        "nginx reads a clock of whole seconds, so that an open time lasts up to 1 s longer: write breaker.tick = \"1s\"",
    );
    refuse(
        "policy.breaker.way_back",
        !matches!(breaker.way_back, None | Some(WayBack::Probe)),
        "nginx sends one live request to see whether a backend is back: write way_back = \"probe\"",
    );
    refuse(
        "policy.breaker.workers",
        breaker.workers > WORKERS_MAX,
        "nginx is started with at most 64 workers",
    );
    refuse(
        "policy.breaker.out_max",
        breaker.out_max.is_some_and(|share| share.get() < 1.0),
        "nginx leaves any number of backends alone: leave breaker.out_max out",
    );
    refuse(
        "policy.breaker.all_out",
        breaker.all_out == Some(AllOut::Panic),
        "nginx answers 502 by itself when no backend is left: write all_out = \"shed\"",
    );
    refuse(
        "policy.breaker.shed_status",
        breaker.shed_status.is_some_and(|status| status != 502),
        "nginx answers 502 by itself when no backend is left: write shed_status = 502, or leave it out",
    );
}
