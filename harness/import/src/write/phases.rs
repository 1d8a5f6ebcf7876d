//! Which faults show which keys of a policy, and for how long they last.

mod breaker;
mod groups;
mod health;
mod retried;

use std::time::Duration;

use policy::{Policy, RetryOn, Scope, Timeouts};
use units::Timespan;

use self::breaker::counts;

/// The most requests of a run, all phases together: what a rehearsal takes seconds for.
const REQUESTS: f64 = 60_000.0;

/// So many writes come for a read.
const WRITES: f64 = 0.45;

/// The most requests that may be under way while a backend hangs.
const UNDER_WAY: f64 = 4_000.0;

/// The bounds of the rate of reads, in requests a second.
const RATE: (f64, f64) = (1.0, 20.0);

/// So many requests after a backend is back are wanted: 299 show that 99 in 100 succeed, and a backend with a fourth of the traffic needs more.
const RECOVERED: f64 = 700.0;

/// So many attempts that run into a timer are wanted: 59 show it.
const TIMEOUTS: f64 = 70.0;

/// Breakers that open for longer, and timers that take longer, can't be shown within the 24 h of a run.
const SHOWN_MAX: Timespan = Timespan::from_secs(90 * 60);

/// The longest that a client of a scenario can wait.
const DEADLINE_MAX: Timespan = Timespan::from_secs(3600);

/// Kinds of failures that a phase of its own is planned for.
const CLASSES_MAX: usize = 3;

/// The share of answers that fail where no breaker looks: several attempts in a row fail often enough, and others succeed.
const SHARE: f64 = 0.7;

/// A phase of the scenario.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Phase {
    pub(super) name: String,
    pub(super) length: Timespan,
    /// The fault, as it is written behind `[[phase.inject]]`, and whether it is on one backend, on those of the first group, or on all.
    pub(super) fault: Option<(String, On)>,
}

/// The backends that a fault is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    One,
    FirstGroup,
    All,
}

/// The phases, and what they show.
#[derive(Clone, Debug, Default)]
pub(super) struct Proof {
    pub(super) phases: Vec<Phase>,
    /// The keys of the policy that they show: the `about` of the expectation.
    pub(super) about: Vec<String>,
    /// What no phase shows, and why.
    pub(super) unshown: Vec<String>,
    /// Where every backend fails and the gateway answers by itself.
    pub(super) shed_in: Option<String>,
    /// Where requests with a body are tried again.
    pub(super) replayed_in: Option<String>,
    /// Where all is as before a fault.
    pub(super) recovered_in: Option<String>,
    /// Where the first of several groups fails, and how soon the next one has the traffic.
    pub(super) failover_in: Option<(String, Timespan)>,
    /// Reads a second.
    pub(super) rate: f64,
    /// Writes a second: fewer, and seldom at the same moment.
    pub(super) writes: f64,
    /// How long after its fault a backend is back.
    pub(super) back_within: Timespan,
    /// How long a client waits.
    pub(super) deadline: Timespan,
}

/// How many backends there are, whether they are of several groups, and whether these share the traffic before one is out whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pool {
    pub(super) members: usize,
    pub(super) has_groups: bool,
    pub(super) gradual: bool,
    /// Whether a status counts for the breaker only where the request is tried again.
    pub(super) counts_retried: bool,
}

/// Plans the phases that show the policy.
pub(super) fn plan(policy: &Policy, pool: Pool) -> Proof {
    let attempts = policy.retry.as_ref().map_or(1, |retry| retry.attempts);
    let open_for = policy.breaker.as_ref().map_or(0.0, breaker::longest);
    let attempt = policy.timeout.per_try.or(policy.timeout.total).map(|timer| timer.0);
    let wait = policy
        .retry
        .as_ref()
        .and_then(|retry| retry.backoff)
        .map_or(Duration::ZERO, |backoff| backoff.base.0);
    let request = (attempt.unwrap_or(Duration::from_secs(2)) + wait).saturating_mul(u32::from(attempts));
    let request = policy.timeout.total.map_or(request, |total| request.min(total.0));
    let mut proof = Proof {
        back_within: seconds(open_for + 5.0),
        deadline: seconds((request.as_secs_f64() * 1.2).max(10.0)),
        ..Proof::default()
    };
    let mut planning = Planning { policy, pool, proof: &mut proof, timeouts: 0.0 };
    planning.phase("steady", 10.0, None);
    if let Some(breaker) = &policy.breaker {
        planning.breaker(breaker);
    }
    if let Some(check) = &policy.health_check {
        planning.health_check(check);
    }
    planning.retries();
    planning.timeout();
    planning.request_rules();
    planning.unshown();
    proof.deadline = proof.deadline.min(DEADLINE_MAX);
    let length: f64 = proof.phases.iter().map(|phase| phase.length.0.as_secs_f64()).sum();
    let calls = policy
        .rate_limit
        .as_ref()
        .map_or(f64::INFINITY, |limit| f64::from(limit.calls) / limit.per.as_secs_f64().max(1e-3) / 2.0);
    // What is turned away by a limit shows nothing of all the rest.
    let shared = policy.limit.as_ref().filter(|limit| limit.scope == Scope::Pool);
    let turns = shared.map_or(f64::INFINITY, |limit| f64::from(limit.in_flight));
    // Reads, and up to as many writes.
    proof.rate = (REQUESTS / length.max(1.0) / 2.0)
        .min(UNDER_WAY / proof.deadline.0.as_secs_f64() / 2.0)
        .min(turns / request.as_secs_f64().max(1e-3) / 2.0)
        .min(calls)
        .clamp(RATE.0, RATE.1)
        .floor();
    proof.writes = (proof.rate * WRITES).ceil();
    let back = proof.back_within.0.as_secs_f64();
    // Spares get no requests once all is well, so that they show no recovery.
    let is_shown = |pair: &[Phase]| match &pair[0].fault {
        Some((_, On::One)) => true,
        Some((_, On::All)) => !pool.has_groups,
        _ => false,
    };
    if let Some(before) = proof.phases.windows(2).rposition(is_shown) {
        let after = &mut proof.phases[before + 1];
        after.length = seconds(back + (RECOVERED / (proof.rate + proof.writes)).max(10.0));
        proof.recovered_in = Some(after.name.clone());
    }
    proof
}

struct Planning<'a> {
    policy: &'a Policy,
    pool: Pool,
    proof: &'a mut Proof,
    /// About so many attempts will run into the timer while a breaker counts them.
    timeouts: f64,
}

impl Planning<'_> {
    fn phase(&mut self, name: &str, length: f64, fault: Option<(String, On)>) {
        self.proof.phases.push(Phase { name: name.to_owned(), length: seconds(length), fault });
    }

    /// A phase with a fault, and the time that it takes to get over it.
    fn outage(&mut self, name: &str, length: f64, mut fault: String, on: On) {
        if self.policy.health_check.is_some() && !fault.contains("when = ") {
            // Checks that fail as well would take the backend out before its requests show anything.
            fault.push_str("\nwhen = { probe = false }");
        }
        self.phase(name, length, Some((fault, on)));
        let back = self.proof.back_within.0.as_secs_f64() + 10.0;
        self.phase(&format!("after-{name}"), back, None);
    }

    fn about(&mut self, keys: &[&str]) {
        self.proof.about.extend(keys.iter().map(|key| (*key).to_owned()));
    }

    /// Failures that are tried again after and that no breaker counts: there is no end to them.
    fn retries(&mut self) {
        let Some(retry) = &self.policy.retry else { return };
        let is_timed = self.policy.timeout.per_try.is_some();
        let is_counted =
            |on: RetryOn| self.policy.breaker.as_ref().is_some_and(|breaker| counts(breaker, on));
        // A refused connection leaves no trace at the backend.
        let shown = |on: &RetryOn| {
            !is_counted(*on) && *on != RetryOn::ConnectFailure && (is_timed || *on != RetryOn::Timeout)
        };
        let free: Vec<RetryOn> = retry.on.iter().copied().filter(shown).collect();
        let mut chosen: Vec<RetryOn> = Vec::new();
        for wanted in [RetryOn::Status(503), RetryOn::Status(429), RetryOn::Status(500), RetryOn::Reset] {
            chosen.extend(free.contains(&wanted).then_some(wanted));
        }
        chosen.extend(free.iter().find(|on| matches!(on, RetryOn::Status(_))).filter(|_| chosen.is_empty()));
        chosen.truncate(CLASSES_MAX);
        let wait = retry.backoff.map_or(0.0, |backoff| backoff.base.0.as_secs_f64());
        for (index, fault) in chosen.iter().enumerate() {
            let name = format!("{}-now-and-then", word(*fault));
            self.outage(&name, 120.0 + 2.0 * wait * f64::from(retry.attempts), shared(*fault), On::All);
            self.about(&[&format!("retry.on.{fault}")]);
            if index == 0 {
                self.about(&["retry.attempts"]);
                if retry.backoff.is_some() {
                    self.about(&["retry.backoff"]);
                }
                self.proof.replayed_in = Some(name);
            }
        }
    }

    /// What is put into requests shows in any phase with a fault; where the policy retries, further attempts must show it too.
    fn request_rules(&mut self) {
        let keys = [
            ("request_headers", self.policy.request_headers.is_some()),
            ("credentials", !self.policy.credentials.is_empty()),
        ];
        let tries_again = self.policy.retry.as_ref().is_some_and(|retry| retry.attempts > 1);
        let is_shown = if tries_again {
            self.proof.replayed_in.is_some()
        } else {
            self.proof.phases.iter().any(|phase| phase.fault.is_some())
        };
        for (key, _) in keys.into_iter().filter(|(_, declared)| *declared) {
            if is_shown {
                self.about(&[key]);
            } else {
                self.proof.unshown.push(format!(
                    "of `{key}` nothing is shown: no phase has a fault that attempts of all kinds meet"
                ));
            }
        }
    }

    /// Keys that these phases have no fault or load for.
    fn unshown(&mut self) {
        if let Some(retry) = &self.policy.retry
            && !self.proof.about.iter().any(|key| key.starts_with("retry."))
        {
            let on: Vec<String> = retry.on.iter().map(ToString::to_string).collect();
            self.proof.unshown.push(format!(
                "of the retry nothing is shown: no phase has what it is made after ({})",
                on.join(", ")
            ));
        }
        if self.policy.retry.as_ref().is_some_and(|retry| retry.budget.is_some()) {
            let words = "of the retry budget nothing is shown: the retries stay below it. See `brownout explain expectation/retry_budget`";
            self.proof.unshown.push(words.into());
        }
        if self.policy.rate_limit.is_some() {
            let words = "of the rate limit nothing is shown: the traffic stays below it. See `brownout explain expectation/rate_limit`";
            self.proof.unshown.push(words.into());
        }
        if self.policy.limit.is_some() {
            let words = "of the limit nothing is shown: the traffic stays below it. See `brownout explain expectation/limit`";
            self.proof.unshown.push(words.into());
        }
    }

    fn timeout(&mut self) {
        let Timeouts { per_try, total, .. } = self.policy.timeout;
        // Where an attempt has no timer, that of the whole request ends the first one.
        let (key, timer) = match (per_try, total) {
            (Some(per_try), _) => ("timeout.per_try", per_try),
            (None, Some(total)) => ("timeout.total", total),
            (None, None) => return,
        };
        if timer > SHOWN_MAX {
            return self
                .proof
                .unshown
                .push(format!("of the timeout nothing is shown: {timer} are too long for a run"));
        }
        let is_counted =
            self.policy.breaker.as_ref().is_some_and(|breaker| counts(breaker, RetryOn::Timeout));
        if is_counted {
            // A breaker that counts timeouts lets few of them happen.
            if self.timeouts >= TIMEOUTS {
                self.about(&[key]);
            } else {
                let words = "of the timeout nothing is shown: the breaker opens before enough attempts have run into it";
                self.proof.unshown.push(words.into());
            }
            return;
        }
        self.about(&[key]);
        self.outage("one-hangs", 3.0 * timer.0.as_secs_f64() + 20.0, "hang = {}".into(), On::One);
        let retry = self.policy.retry.as_ref().filter(|retry| retry.on.contains(&RetryOn::Timeout));
        if retry.is_some() && self.pool.members > 1 {
            self.about(&["retry.on.timeout"]);
        }
    }
}

/// A failure as part of a phase's name.
fn word(fault: RetryOn) -> String {
    match fault {
        RetryOn::Timeout => "hang".into(),
        other => other.to_string(),
    }
}

fn written(fault: RetryOn) -> String {
    match fault {
        RetryOn::Status(code) => format!("status = {{ code = {code} }}"),
        RetryOn::Reset => "reset = {}".into(),
        RetryOn::ConnectFailure => "refuse = {}".into(),
        RetryOn::Timeout => "hang = {}".into(),
    }
}

/// The same for a share of the requests.
fn shared(fault: RetryOn) -> String {
    match fault {
        RetryOn::Status(code) => format!("status = {{ code = {code}, share = {SHARE} }}"),
        RetryOn::Reset => format!("reset = {{ share = {SHARE} }}"),
        RetryOn::ConnectFailure | RetryOn::Timeout => written(fault),
    }
}

fn seconds(seconds: f64) -> Timespan {
    Timespan::from_secs(seconds.ceil().max(1.0) as u64)
}
