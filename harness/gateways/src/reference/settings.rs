//! The policy as this gateway applies it: its own defaults filled in, and then bent by the defects, each at one place.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use http::StatusCode;
use policy::{Affinity, Backoff, Policy, RetryOn};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Sender;

use super::budget::BudgetRules;
use super::defects::Defect;
use super::health::HealthRules;
use super::line::LimitRules;
use super::quota::QuotaRules;
use super::rules::Rules;

/// For making a connection, where the policy is silent. Envoy's `connect_timeout` has the same default.
const CONNECT: Duration = Duration::from_secs(5);

/// For a request, where the policy is silent. The default of nginx's `proxy_read_timeout`.
const TOTAL: Duration = Duration::from_mins(1);

/// The longest of it where it is made from other timers: as long as a run may take.
const TOTAL_MAX: Duration = Duration::from_hours(24);

/// What a scenario says of this gateway beside the policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    /// What it is to do wrong.
    pub(crate) defects: Vec<Defect>,
    /// Headers of requests that a backend does not get, by the backend's name.
    pub(crate) withhold: BTreeMap<String, Vec<String>>,
    /// Whether it speaks TLS to its clients.
    pub(crate) over_tls: bool,
    /// Whether it tells its metrics.
    pub(crate) tells: bool,
    /// Where it writes its access log, if it has to.
    pub(crate) log: Option<Sender<String>>,
}

/// What one gateway does.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// For making a connection.
    pub(crate) connect: Duration,
    /// For one attempt, from sending it to the response headers.
    pub(crate) per_try: Option<Duration>,
    /// For the request, over all attempts, to the end of the response body.
    pub(crate) total: Option<Duration>,
    /// When a request is tried again.
    pub(crate) retry: Option<Retry>,
    /// When a backend is left alone.
    pub(crate) breaker: Option<Rc<Rules>>,
    /// How many attempts are under way at a time.
    pub(crate) limit: Option<LimitRules>,
    /// How many requests are let through in a time.
    pub(crate) quota: Option<QuotaRules>,
    /// What keeps requests that belong together at one backend.
    pub(crate) affinity: Option<Affinity>,
    /// How backends are asked for their health.
    pub(crate) health: Option<HealthRules>,
    /// What a client gets while no backend may be asked.
    pub(crate) shed: Shed,
    /// What becomes of a response body that the backend cut off.
    pub(crate) cut_body: CutBody,
    /// How many requests are forwarded at a time; more wait for their turn. No bound unless a defect sets one.
    pub(crate) under_way_max: usize,
    /// What it does that no policy asks for.
    slips: Vec<Slip>,
}

/// When and where a request is tried again.
#[derive(Clone, Debug)]
pub(crate) struct Retry {
    /// Attempts in total.
    pub(crate) attempts: u32,
    /// The failures that are worth another.
    pub(crate) on: Vec<RetryOn>,
    /// The methods that may be repeated; without it, all.
    pub(crate) methods: Option<Vec<String>>,
    /// How long to wait between attempts.
    pub(crate) backoff: Option<Backoff>,
    /// Whether a `Retry-After` sets that wait, and up to how long.
    pub(crate) asked: Option<Asked>,
    /// How many further attempts may be under way at a time.
    pub(crate) budget: Option<BudgetRules>,
    /// Where a further attempt goes.
    pub(crate) next: Next,
}

/// How a `Retry-After` is obeyed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// The longest wait.
    pub(crate) max: Duration,
    /// Which of its two forms are read.
    pub(crate) forms: Forms,
    /// Whether it waits also where the timer for the whole request ends before.
    pub(crate) in_vain: bool,
}

/// The forms of a `Retry-After` that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forms {
    /// Seconds and dates.
    Both,
    /// Seconds only.
    Seconds,
}

/// Where a further attempt goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// To a backend that the request has not met yet, where there is one.
    Other,
    /// To whichever is next in turn.
    Any,
    /// To the one that it has just met.
    Same,
}

/// The answer to a request that goes to no backend.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shed {
    pub(crate) status: StatusCode,
    pub(crate) after: Duration,
}

/// What becomes of a response body that the backend cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CutBody {
    /// The client's connection is closed without the body's end.
    Cut,
    /// It is passed on as if it were whole.
    Whole,
    /// Words of the gateway's own follow, and then the end.
    Continued,
}

/// One thing that no policy asks for, and that no number in the settings says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slip {
    /// The total timer starts anew with each attempt.
    TotalForEachTry,
    /// The total timer does not end a further attempt that is under way.
    SoftTotal,
    /// A further attempt carries no body.
    EmptyRetriedBody,
    /// A further attempt carries the second half of its body.
    HalfRetriedBody,
    /// A further attempt declares a body, and carries none.
    StarvedRetriedBody,
    /// `Retry-After` is not passed on to the client.
    DropsRetryAfter,
    /// Further attempts wait for the next half of a second, all of them.
    RetriesInWaves,
    /// Request bodies are altered on their way.
    AltersBodies,
    /// The tag of the traffic is not passed on.
    StripsTags,
    /// Now and then a client gets the answer to another request.
    SwapsAnswers,
    /// A failed request is answered by the gateway as if it had succeeded.
    MakesUpAnswers,
    /// An error of a backend is passed on under the status 200.
    ErrorsAs200,
    /// A request goes on when its client has gone away.
    OutlivesClients,
    /// A backend is let go some time after its client went away.
    CancelsLate,
    /// A request whose client went away is made once more.
    TriesForNobody,
    /// An attempt whose timer fired goes on at its backend.
    LeavesAttemptsOpen,
    /// The answer of a backend is read to its end when its client has gone away.
    FinishesDownloads,
    /// A connection to a backend is closed after each answer.
    ClosesConnections,
    /// A connection to a backend is kept after its answer, and never used again.
    ForgetsConnections,
    /// Now and then nothing moves for a while.
    FreezesNowAndThen,
    /// When an attempt has failed, nothing moves for a while.
    FreezesOnFailure,
    /// Once an attempt has failed, every request waits before it is sent.
    StaysSlow,
    /// Each backend of a group gets as many turns as the others.
    IgnoresWeights,
    /// A later group shares the traffic as soon as one backend of the group before it is out.
    SpillsEarly,
    /// Now and then a request goes elsewhere than the others of its key.
    ForgetsKeys,
    /// Keys are dealt among the backends in use by their number, so that most move when one goes.
    DealsKeysAnew,
    /// A further attempt goes elsewhere than the key that it has would.
    TakesTurnsOnRetry,
    /// A key that had to go elsewhere stays there.
    KeepsMovedKeys,
    /// The turns of a backend that is left alone go to the next one.
    LeansOnTheNext,
    /// Once backends of a later group were needed, they keep the traffic.
    KeepsTheSpare,
    /// Headers that belong to one connection are passed on.
    ForwardsHopByHop,
    /// A further attempt lacks the headers that are not of HTTP itself.
    DropsHeadersOnRetry,
    /// A further attempt has the path without its first segment.
    ChangesPathOnRetry,
    /// The client's word of where it comes from is kept, and only added to.
    TrustsForwardedFor,
    /// Of several cookies that an answer sets one is passed on.
    KeepsOneCookie,
    /// What a backend is not to get, it gets.
    WithholdsNothing,
    /// Now and then a request has the credential of another one.
    MixesCredentials,
    /// Rules for headers of requests are left out of further attempts.
    ForgetsRulesOnRetry,
    /// What is appended to a header is appended once more with each further attempt.
    AppendsOnEachTry,
    /// A further attempt has the credential of the backend that was asked first.
    KeepsFirstCredential,
    /// A request with a body gets a turn only while half of the turns are free.
    StarvesWrites,
    /// Errors name the backend that failed.
    NamesBackends,
    /// Errors repeat the credential of the request.
    EchoesCredentials,
    /// A reload breaks off what is under way.
    ReloadDropsConnections,
    /// A reload loses what was learned of the backends.
    ReloadForgetsBreakers,
    /// Clients that were connected before a reload are served as before it, for as long as they stay.
    DrainNeverEnds,
    /// What health checks bring has no effect.
    IgnoresHealth,
    /// A restart ends before it begins.
    RestartRefusesForAWhile,
    /// Further attempts are not counted.
    HidesRetries,
    /// Errors are counted as if they were none.
    HidesErrors,
    /// Backends that are left alone are told to be in use.
    HidesEjections,
    /// While attempts fail, its metrics stay as they were.
    FreezesMetrics,
    /// Its access log tells of one attempt, whatever came after it.
    LogsOneAttempt,
    /// Its access log has no line of a request that fails.
    LosesLogLines,
}

impl Settings {
    pub(crate) fn new(policy: &Policy, defects: &[Defect]) -> Self {
        let mut settings = Settings {
            connect: policy.timeout.connect.map_or(CONNECT, Duration::from),
            per_try: policy.timeout.per_try.map(Duration::from),
            total: Some(policy.timeout.total.map_or_else(|| total(policy), Duration::from)),
            retry: policy.retry.as_ref().map(Retry::new),
            breaker: policy.breaker.as_ref().map(|breaker| Rc::new(Rules::new(breaker))),
            affinity: policy.affinity.clone(),
            limit: policy.limit.as_ref().map(LimitRules::new),
            quota: policy.rate_limit.as_ref().map(QuotaRules::new),
            health: policy.health_check.as_ref().map(HealthRules::new),
            shed: Shed { status: shed_status(policy), after: Duration::ZERO },
            cut_body: CutBody::Cut,
            under_way_max: Semaphore::MAX_PERMITS,
            slips: Vec::new(),
        };
        for defect in defects {
            defect.bend(&mut settings);
        }
        settings
    }

    /// True if a defect makes it do this.
    pub(crate) fn slips(&self, slip: Slip) -> bool {
        self.slips.contains(&slip)
    }

    /// Makes it do this. For defects.
    pub(crate) fn slip(&mut self, slip: Slip) {
        self.slips.push(slip);
    }

    /// Lets a defect change the rules of the breakers, if there are any.
    pub(crate) fn bend_breaker(&mut self, bend: impl FnOnce(&mut Rules)) {
        if let Some(rules) = &mut self.breaker {
            bend(Rc::make_mut(rules));
        }
    }

    /// Lets a defect change the health checks, if there are any.
    pub(crate) fn bend_health(&mut self, bend: impl FnOnce(&mut HealthRules)) {
        self.health.as_mut().map(bend);
    }

    /// Lets a defect change the limit of attempts under way, if there is one.
    pub(crate) fn bend_limit(&mut self, bend: impl FnOnce(&mut LimitRules)) {
        self.limit.as_mut().map(bend);
    }

    /// Lets a defect change the limit of requests in a time, if there is one.
    pub(crate) fn bend_quota(&mut self, bend: impl FnOnce(&mut QuotaRules)) {
        self.quota.as_mut().map(bend);
    }

    /// Lets a defect change the retries, if there are any.
    pub(crate) fn bend_retry(&mut self, bend: impl FnOnce(&mut Retry)) {
        self.retry.as_mut().map(bend);
    }

    /// Lets a defect change how a `Retry-After` is obeyed, if it is.
    pub(crate) fn bend_asked(&mut self, bend: impl FnOnce(&mut Asked)) {
        self.retry.as_mut().and_then(|retry| retry.asked.as_mut()).map(bend);
    }

    /// Lets a defect change the backoff, if there is any.
    pub(crate) fn bend_backoff(&mut self, bend: impl FnOnce(&mut Backoff)) {
        self.retry.as_mut().and_then(|retry| retry.backoff.as_mut()).map(bend);
    }

    /// Lets a defect change the per-try and the total timer.
    pub(crate) fn bend_timers(&mut self, bend: impl Fn(Duration) -> Duration) {
        self.per_try = self.per_try.map(&bend);
        self.total = self.total.map(bend);
    }
}

/// For the whole request where the policy is silent on it: never so short that it ends an attempt whose own timer is declared.
fn total(policy: &Policy) -> Duration {
    let attempts = policy.retry.as_ref().map_or(1, |retry| u32::from(retry.attempts));
    let wait = policy.retry.as_ref().and_then(|retry| retry.backoff).map_or(Duration::ZERO, |backoff| {
        let growth = backoff.factor.powi(i32::try_from(attempts).unwrap_or(i32::MAX));
        let longest = backoff.max.map_or(super::retry::WAIT_MAX, Duration::from);
        let nanos = (backoff.base.as_nanos() as f64 * growth).min(longest.as_nanos() as f64);
        Duration::from_nanos(nanos as u64)
    });
    let attempt = policy.timeout.per_try.map_or(Duration::ZERO, Duration::from);
    attempt.saturating_add(wait).saturating_mul(attempts).saturating_add(attempt).clamp(TOTAL, TOTAL_MAX)
}

fn shed_status(policy: &Policy) -> StatusCode {
    let status = policy.breaker.as_ref().and_then(|breaker| breaker.shed_status);
    status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

impl Retry {
    fn new(retry: &policy::Retry) -> Self {
        Retry {
            attempts: u32::from(retry.attempts),
            on: retry.on.clone(),
            methods: Some(retry.methods.clone()),
            backoff: retry.backoff,
            asked: retry.retry_after.map(|asked| Asked {
                max: asked.max.map_or(Duration::MAX, Duration::from),
                forms: Forms::Both,
                in_vain: false,
            }),
            budget: retry.budget.as_ref().map(BudgetRules::new),
            next: if retry.other_backend { Next::Other } else { Next::Any },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Timeouts;
    use units::Timespan;

    #[test]
    fn a_request_has_the_time_that_its_declared_attempts_may_take_and_a_minute_at_least() {
        let of = |per_try: u64, attempts: u16, base: Option<u64>| {
            let mut retry = policy::Retry::new(attempts, Vec::new());
            let wait =
                |base| Backoff { base: Timespan::from_secs(base), factor: 2.0, max: None, jitter: false };
            retry.backoff = base.map(wait);
            let timeout = Timeouts { per_try: Some(Timespan::from_secs(per_try)), ..Timeouts::default() };
            let policy = Policy { timeout, retry: Some(retry), ..Policy::default() };
            Settings::new(&policy, &[]).total
        };
        assert_eq!(of(1, 2, None), Some(TOTAL));
        assert!(of(100, 3, None) >= Some(Duration::from_mins(5)));
        assert!(of(10, 3, Some(30)) >= Some(Duration::from_mins(2)));
        assert_eq!(of(u64::from(u32::MAX), u16::MAX, Some(3600)), Some(TOTAL_MAX));
    }
}
