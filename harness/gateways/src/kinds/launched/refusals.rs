//! Collecting what a gateway has no means for.

use std::time::Duration;

use units::Timespan;

use crate::{Unsupported, Upstream, Upstreams};
use policy::{AllOut, Breaker, Policy, Retry, WayBack};

/// The longest timer: HAProxy keeps milliseconds in 31 bits, and nothing here needs longer ones.
const TIMER_MAX: Duration = Duration::from_hours(24 * 24);

/// For making a connection, where the policy is silent. Envoy's own default, and the reference gateway's.
pub(crate) const CONNECT: Duration = Duration::from_secs(5);

/// What some gateways have means for and others have not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ability {
    /// A wait that a backend asks for is kept.
    RetryAfter,
    /// Retries are bounded by a share of the requests.
    RetryBudget,
    /// Requests under way are bounded.
    Limit,
    /// Requests with the same key go to the same backend.
    Affinity,
    /// Backends are asked for their health, and taken out by that.
    HealthCheck,
    /// Headers of requests are set and removed, credentials among them.
    RequestHeaders,
}

/// Everything that one gateway can't express, in the order in which it was found.
pub(crate) struct Refusals {
    who: &'static str,
    found: Vec<Unsupported>,
}

impl Refusals {
    /// Nothing yet, and what holds for every gateway: timers within bounds, methods that can be written down, and none of the
    /// abilities that `has` does not name.
    pub(crate) fn new(who: &'static str, policy: &Policy, has: &[Ability]) -> Self {
        // Taken apart by all of its tables, so that a new one can't be passed over in silence.
        let Policy {
            timeout,
            retry,
            breaker,
            limit,
            rate_limit,
            affinity,
            health_check,
            request_headers,
            credentials,
            sources: _,
        } = policy;
        let mut refusals = Refusals { who, found: Vec::new() };
        refusals.timer("policy.timeout.connect", timeout.connect);
        refusals.timer("policy.timeout.per_try", timeout.per_try);
        refusals.timer("policy.timeout.total", timeout.total);
        if let Some(retry) = retry {
            refusals.retry(retry, has);
        }
        if affinity.is_some() && !has.contains(&Ability::Affinity) {
            let why = format!("{who} has no means to keep a key at one backend: remove the table");
            refusals.say("policy.affinity", why);
        }
        if health_check.is_some() && !has.contains(&Ability::HealthCheck) {
            let why = format!("{who} has no health checks of its own: remove the table");
            refusals.say("policy.health_check", why);
        }
        if let Some(check) = health_check {
            refusals.timer("policy.health_check.every", Some(check.every));
            refusals.timer("policy.health_check.within", check.within);
        }
        if limit.is_some() && !has.contains(&Ability::Limit) {
            let why = format!("{who} has no limit for requests under way: remove the table");
            refusals.say("policy.limit", why);
        }
        if rate_limit.is_some() {
            let why = format!("{who} is given no limit of requests in a time: remove the table");
            refusals.say("policy.rate_limit", why);
        }
        if !has.contains(&Ability::RequestHeaders) {
            let why = format!("{who} is given no rules for headers of requests: remove the table");
            if request_headers.is_some() {
                refusals.say("policy.request_headers", why.clone());
            }
            if !credentials.is_empty() {
                refusals.say("policy.credentials", why);
            }
        }
        if let Some(breaker) = breaker {
            refusals.breaker(breaker);
        }
        refusals
    }

    /// What of retries not all gateways do.
    fn retry(&mut self, retry: &Retry, has: &[Ability]) {
        let who = self.who;
        self.methods(retry);
        if retry.retry_after.is_some() && !has.contains(&Ability::RetryAfter) {
            let why = format!("{who} does not read `Retry-After`: remove retry.retry_after");
            self.say("policy.retry.retry_after", why);
        }
        if retry.budget.is_some() && !has.contains(&Ability::RetryBudget) {
            let why = format!("{who} has no budget for retries: remove retry.budget");
            self.say("policy.retry.budget", why);
        }
    }

    /// What no gateway's breaker does.
    fn breaker(&mut self, breaker: &Breaker) {
        let who = self.who;
        self.timer("policy.breaker.open_for", Some(breaker.open_for));
        self.timer("policy.breaker.trip.within", breaker.trip.within);
        self.timer("policy.breaker.open_max", breaker.open_max);
        self.timer("policy.breaker.tick", breaker.tick);
        if !breaker.scope.is_backend() {
            let why = format!(
                "{who} leaves single backends alone, never the whole pool: write scope = \"backend\""
            );
            self.say("policy.breaker.scope", why);
        }
        if breaker.retry_after {
            self.say("policy.breaker.retry_after", format!("{who}'s breaker does not read `Retry-After`"));
        }
    }

    /// Adds one.
    pub(crate) fn say(&mut self, key: &'static str, why: impl Into<String>) {
        let why = why.into();
        self.found.push(Unsupported { key, why });
    }

    /// A timer that is not a whole number of milliseconds, or too long to be kept.
    pub(crate) fn timer(&mut self, key: &'static str, timer: Option<Timespan>) {
        let who = self.who;
        let Some(length) = timer.map(Duration::from) else {
            return;
        };
        if !length.as_nanos().is_multiple_of(1_000_000) {
            let shown = Timespan(length);
            self.say(key, format!("{who} counts time in whole milliseconds, which `{shown}` is not"));
        }
        if length > TIMER_MAX {
            self.say(key, format!("{who} keeps no timer that is longer than 24 days"));
        }
    }

    /// Methods are written into expressions of each gateway's own, where anything but a name could mean something.
    fn methods(&mut self, retry: &Retry) {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte == b'-' || byte == b'_';
        for method in retry.methods.iter().filter(|method| !method.bytes().all(plain)) {
            let why = format!(
                "`{method}` can't be written into {}'s configuration: expected capital letters",
                self.who
            );
            self.say("policy.retry.methods", why);
        }
    }

    /// More groups of backends than a primary one and a spare one.
    pub(crate) fn two_groups_at_most(&mut self, backends: &[Upstream]) {
        let groups = priorities(backends);
        if groups.len() > 2 {
            let why = format!(
                "{} has one group of backups, and the scenario has priorities {}",
                self.who,
                groups.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
            );
            self.say("backend.priority", why);
        }
    }

    /// Other groups than one.
    pub(crate) fn one_group(&mut self, backends: &[Upstream]) {
        if priorities(backends).len() > 1 {
            self.say("backend.priority", format!("{} has no group of backups", self.who));
        }
    }

    /// That the next attempt goes to another backend, where each takes its turn over all requests.
    pub(crate) fn other_backend(&mut self, upstreams: &Upstreams) {
        if upstreams.backends.len() > 1 {
            let why = format!(
                "{} tries again whichever backend's turn it is, which under load may be the same one: write other_backend = false",
                self.who
            );
            self.say("policy.retry.other_backend", why);
        }
    }

    /// What passive health checks have no means for that leave a backend alone for a time and then give all back.
    pub(crate) fn passive_health(&mut self, breaker: &Breaker) {
        let who = self.who;
        let mut refuse = |key, unwanted: bool, why: &str| {
            if unwanted {
                self.say(key, format!("{who} {why}"));
            }
        };
        refuse("policy.breaker.probes", breaker.probes.is_some(), "has no half-open state");
        refuse(
            "policy.breaker.way_back",
            !matches!(breaker.way_back, None | Some(WayBack::All)),
            "gives a backend all of its traffic back at once: write way_back = \"all\"",
        );
        refuse(
            "policy.breaker.open_grows",
            breaker.open_grows,
            "is out for the same time each time: remove open_grows",
        );
        refuse("policy.breaker.tick", breaker.tick.is_some(), "looks at no interval: remove breaker.tick");
        refuse(
            "policy.breaker.workers",
            breaker.workers > 1,
            "counts in one process: remove breaker.workers",
        );
        refuse(
            "policy.breaker.out_max",
            breaker.out_max.is_some_and(|share| share.get() < 1.0),
            "leaves any number of backends alone: leave breaker.out_max out",
        );
        refuse(
            "policy.breaker.shed_status",
            breaker.shed_status.is_some_and(|status| status != 503),
            "answers 503 by itself when no backend is left: write shed_status = 503, or leave it out",
        );
        refuse(
            "policy.breaker.all_out",
            breaker.all_out == Some(AllOut::Panic),
            "answers 503 by itself when no backend is left: write all_out = \"shed\"",
        );
    }

    /// All of them, or the text that `write` makes if there is none.
    pub(crate) fn into_result(self, write: impl FnOnce() -> String) -> Result<String, Vec<Unsupported>> {
        if self.found.is_empty() { Ok(write()) } else { Err(self.found) }
    }
}

/// The priorities that there are, the first group's first.
pub(crate) fn priorities(backends: &[Upstream]) -> Vec<u32> {
    let mut priorities: Vec<u32> = backends.iter().map(|backend| backend.priority).collect();
    priorities.sort_unstable();
    priorities.dedup();
    priorities
}

/// How often one request may arrive in total.
pub(crate) fn attempts(policy: &Policy) -> u32 {
    policy.retry.as_ref().map_or(1, |retry| u32::from(retry.attempts))
}

/// The wait between two attempts, where it is the same each time.
pub(crate) fn waits(policy: &Policy) -> Duration {
    let backoff = policy.retry.as_ref().and_then(|retry| retry.backoff.as_ref());
    backoff.map_or(Duration::ZERO, |backoff| backoff.base.into())
}

/// The latest moment at which response headers are there or have failed to come, if `between` may pass between two
/// attempts; nothing if that can take for ever.
///
/// A gateway without a deadline over all attempts keeps one anyway if it can't be passed.
pub(crate) fn headers_within(upstreams: &Upstreams, between: Duration) -> Option<Duration> {
    let policy = &upstreams.policy;
    let connect = policy.timeout.connect.map_or(CONNECT, Duration::from);
    let per_try: Duration = policy.timeout.per_try?.into();
    let attempts = attempts(policy);
    Some(
        connect
            .saturating_add(per_try)
            .saturating_mul(attempts)
            .saturating_add(between.saturating_mul(attempts.saturating_sub(1))),
    )
}
