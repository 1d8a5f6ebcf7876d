//! `policy`: the whole declared policy against what was observed, key by key.

mod affinity;
mod breaker;
mod foresight;
mod health;
mod limit;
mod requests;
mod retries;
#[cfg(test)]
mod tests;

use measure::retry_matrix::retry_matrix;
use measure::view::View;
use policy::{Backoff, FailureClass, Policy as Declared, RateLimit, Retry, RetryAfter, RetryOn};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use retries::{conditions, methods, other_backend};

use super::retry_budget::RetryBudget;
use super::{Expectation, ExpectationSettings};
use crate::claim::{Claim, Key};
use crate::forecast::{Forecast, Outlook};

/// The gateway does what `[policy]` declares, key by key.
///
/// # What it checks
/// Every key of `[policy]` that `about` names (all of them without it), over all phases with a fault (over all phases where
/// `about` names only what shows without one: `request_headers`, `credentials`, `affinity.by`, `rate_limit`): `timeout.per_try`
/// and `timeout.total`; `retry.attempts`, `retry.on` (each condition is tried again after, and nothing else is; one of them
/// is `retry.on.503`), `retry.methods`, `retry.other_backend`, `retry.backoff`, `retry.retry_after`, `retry.budget`; `breaker.trip`, `breaker.open_for`,
/// `breaker.probes` or `breaker.way_back`, `breaker.scope`, and where they are declared `breaker.fails` (each class of
/// failures opens it by itself; one of them is `breaker.fails.429`), `breaker.all_out` and `breaker.shed_status`; `limit.in_flight`,
/// `limit.queue`, `limit.wait`, `limit.status`; `rate_limit`; `health_check.every`, `health_check.path`, `health_check.fall`, `health_check.rise`;
/// `affinity.by`, `affinity.comes_back`; `request_headers.set`, `request_headers.append`, `request_headers.remove` (each header by
/// itself; one of them is `request_headers.set.x-plan`), also on further attempts where the policy retries; `credentials` (each
/// backend by itself, as `credentials.orders`): it gets its own, no other backend gets it, and further attempts have that of
/// the backend that they go to. The finding is a table: declared,
/// observed, verdict, place in the file. A key holds if a phase shows that it does and none shows that it does not; of
/// `retry.attempts`, `retry.budget`, `limit.in_flight`, `limit.queue`, `limit.wait`, `health_check.fall` and `health_check.rise`, both bounds must be shown.
///
/// # Why it matters
/// A policy is believed because it is configured. What a gateway really does differs more often than one would think: a
/// timer that covers something else, a retry that is one more or one less, a breaker that counts otherwise.
///
/// # When it can't tell
/// A key is inconclusive if no phase gave it an occasion: a timer that nothing had to wait for, a condition that no fault
/// makes, a breaker that had no reason to open. Plan such a fault, or say with `about` what the scenario is about.
///
/// # Example
/// ```toml
/// [[expect]]
/// policy = { about = ["retry", "timeout.per_try"] }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The keys that are judged: `retry`, or `retry.attempts`. All that are declared without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Vec<String>>,
}

/// The keys that can be judged.
pub(crate) const KEYS: [&str; 32] = [
    "timeout.per_try",
    "timeout.total",
    "retry.attempts",
    "retry.on",
    "retry.methods",
    "retry.other_backend",
    "retry.backoff",
    "retry.retry_after",
    "retry.budget",
    "breaker.trip",
    "breaker.open_for",
    "breaker.probes",
    "breaker.way_back",
    "breaker.scope",
    "breaker.fails",
    "breaker.all_out",
    "breaker.shed_status",
    "limit.in_flight",
    "limit.queue",
    "limit.wait",
    "limit.status",
    "rate_limit",
    "health_check.path",
    "health_check.every",
    "health_check.fall",
    "health_check.rise",
    "affinity.by",
    "affinity.comes_back",
    "request_headers.set",
    "request_headers.append",
    "request_headers.remove",
    "credentials",
];

/// The keys, and tables of them, that each answered request shows.
const WITHOUT_FAULT: [&str; 4] = ["affinity.by", "credentials", "rate_limit", "request_headers"];

/// What stands before a name of the scenario's own in a key.
const NAMED: [&str; 4] =
    ["request_headers.set.", "request_headers.append.", "request_headers.remove.", "credentials."];

impl Policy {
    /// True if the key is judged.
    pub(crate) fn is_about(&self, key: &str) -> bool {
        self.about.as_ref().is_none_or(|about| about.iter().any(|named| covers(named, key)))
    }
}

/// True if `named` is the key or a table that it stands in.
fn covers(named: &str, key: &str) -> bool {
    key.strip_prefix(named).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Expectation for Policy {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let phases =
            (0..view.brief.phases.len()).filter(|phase| *phase == view.place.phase || view.place.whole_run);
        let views: Vec<View<'_>> = phases
            .map(|phase| if phase == view.place.phase { *view } else { view.at_phase(phase) })
            .filter(|view| view.is_faulty() || !self.needs_fault())
            .collect();
        let declared = &view.brief.policy;
        let mut claims: Vec<Claim> =
            views.par_iter().flat_map_iter(|view| self.of_phase(declared, view)).collect();
        if claims.is_empty() {
            let why = if *declared == Declared::default() {
                "the scenario declares no policy"
            } else {
                "no phase has a fault that could show what the gateway does"
            };
            claims.push(
                Claim::blind(why, "declare `[policy]`, and plan a fault in a phase")
                    .seen("nothing", "the declared policy"),
            );
        }
        claims
    }

    fn needs_fault(&self) -> bool {
        let shows_without = |named: &String| WITHOUT_FAULT.iter().any(|key| covers(key, named));
        !self.about.as_ref().is_some_and(|about| about.iter().all(shows_without))
    }

    fn looks_at_whole_run(&self) -> bool {
        true
    }

    fn problem(&self) -> Option<String> {
        let about = self.about.as_ref()?;
        if about.is_empty() {
            return Some("`about` names no key: leave it out for all that are declared".into());
        }
        let known = |named: &str| {
            let condition = named.strip_prefix("retry.on.");
            let class = named.strip_prefix("breaker.fails.");
            condition.is_some_and(|on| on.parse::<RetryOn>().is_ok())
                || class.is_some_and(|class| class.parse::<FailureClass>().is_ok())
                || NAMED.iter().any(|table| named.strip_prefix(table).is_some_and(|name| !name.is_empty()))
                || KEYS.iter().any(|key| covers(named, key))
        };
        let stray = about.iter().find(|named| !known(named))?;
        Some(format!(
            "`{stray}` is no key of a policy that can be judged: expected one of {}, or a table of them",
            KEYS.join(", ")
        ))
    }

    fn rests_on_faults(&self) -> bool {
        false
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let declared = &outlook.brief.policy;
        if *declared == Declared::default() {
            return vec![Forecast::CannotPass("the scenario declares no policy".into())];
        }
        foresight::forecast(self, declared, outlook)
    }
}

impl Policy {
    fn of_phase(&self, declared: &Declared, view: &View<'_>) -> Vec<Claim> {
        let mut claims = Vec::new();
        let timeout = declared.timeout;
        if let Some(per_try) = timeout.per_try.filter(|_| self.is_about("timeout.per_try")) {
            let expected = json!({ "timeout": { "per_try": per_try.to_string() } });
            claims.extend(by_kind(view, "timeout.per_try", &per_try.to_string(), expected));
        }
        if let Some(total) = timeout.total.filter(|_| self.is_about("timeout.total")) {
            let expected = json!({ "timeout": { "total": total.to_string() } });
            claims.extend(by_kind(view, "timeout.total", &total.to_string(), expected));
        }
        if let Some(retry) = &declared.retry {
            claims.extend(self.retries(declared, retry, view));
        }
        if let Some(breaker) = &declared.breaker {
            claims.extend(breaker::claims(self, breaker, view));
            let status = breaker.shed_status.filter(|_| self.is_about("breaker.shed_status"));
            if let Some(status) = status {
                claims.extend(by_kind(view, "breaker.shed_status", &status.to_string(), shed_demand(status)));
            }
        }
        if let Some(check) = &declared.health_check {
            claims.extend(health::claims(self, check, view));
        }
        if let Some(limit) = &declared.limit {
            claims.extend(limit::claims(self, limit, view));
        }
        if let Some(limit) = declared.rate_limit.as_ref().filter(|_| self.is_about("rate_limit")) {
            let words = format!("{} in {}", limit.calls, limit.per);
            claims.extend(by_kind(view, "rate_limit", &words, rate_limit_demand(limit)));
        }
        if let Some(affinity) = &declared.affinity {
            claims.extend(affinity::claims(self, affinity, view));
        }
        claims.extend(requests::claims(self, declared, view));
        claims
    }

    fn retries(&self, declared: &Declared, retry: &Retry, view: &View<'_>) -> Vec<Claim> {
        let mut claims = Vec::new();
        if self.is_about("retry.attempts") {
            for (key, bound) in attempts_demands(declared, retry) {
                for class in 0..view.brief.traffic.len() as u16 {
                    let method = view.brief.traffic[usize::from(class)].method.word();
                    if view.takes(class) && retry.methods.iter().any(|listed| listed == method) {
                        let of_class = view.with_traffic(Some(class));
                        let words = format!("{} in all", retry.attempts);
                        claims.extend(by_kind(&of_class, key, &words, bound.clone()));
                    }
                }
            }
        }
        let matrix = retry_matrix(view);
        let may_be_shielded = declared.breaker.is_some();
        if retry.attempts > 1 {
            claims.extend(conditions(self, retry, &matrix));
        }
        if self.is_about("retry.methods") && retry.attempts > 1 {
            claims.extend(methods(retry, &matrix));
        }
        if self.is_about("retry.other_backend")
            && retry.attempts > 1
            && view.brief.backends.len() > 1
            && !may_be_shielded
        {
            claims.extend(other_backend(retry, &matrix));
        }
        if let Some(backoff) = retry.backoff.filter(|_| self.is_about("retry.backoff") && retry.attempts > 1)
        {
            let drawn = if backoff.jitter { ", drawn evenly from zero" } else { "" };
            let words = format!("{} × {} each time{drawn}", backoff.base, backoff.factor);
            claims.extend(by_kind(view, "retry.backoff", &words, backoff_demand(retry, &backoff)));
        }
        let asked = retry.retry_after.filter(|_| self.is_about("retry.retry_after") && retry.attempts > 1);
        if let Some(asked) = asked {
            let words = asked.max.map_or_else(|| "obeyed".into(), |max| format!("obeyed, up to {max}"));
            claims.extend(by_kind(view, "retry.retry_after", &words, retry_after_demand(asked)));
        }
        if let Some(budget) = retry.budget.filter(|_| self.is_about("retry.budget") && retry.attempts > 1) {
            let words = format!("{} % of what is under way, or {}", budget.share.get() * 100.0, budget.min);
            let demand = RetryBudget { share: Some(budget.share), min: budget.min, exact: true };
            let (most, least) = demand.words(view);
            for (key, claim) in BUDGET.into_iter().zip([most, least]) {
                claims.extend(claim.map(|claim| claim.of_key(Key::new(key, &words))));
            }
        }
        claims
    }
}

/// Both bounds of the attempts, each by its own exposures.
fn attempts_demands(declared: &Declared, retry: &Retry) -> impl Iterator<Item = (&'static str, Value)> {
    let most = ("retry.attempts, at most", json!({ "attempts": { "max": retry.attempts } }));
    let fewest = ("retry.attempts, at least", json!({ "attempts": { "min": retry.attempts } }));
    // With every breaker open, every turn taken or the budget spent there is nowhere to try again, so that only the upper bound is certain.
    let has_fewest = declared.breaker.is_none()
        && declared.limit.is_none()
        && declared.health_check.is_none()
        && retry.budget.is_none()
        && retry.attempts > 1;
    std::iter::once(most).chain(has_fewest.then_some(fewest))
}

fn backoff_demand(retry: &Retry, backoff: &Backoff) -> Value {
    let mut growth = json!({ "base": backoff.base.to_string(), "factor": backoff.factor });
    if let Some(max) = backoff.max {
        growth["max"] = max.to_string().into();
    }
    // With two attempts there is one wait, so that no gateway can show by how much others grow.
    let grows = backoff.factor > 1.0 && retry.attempts > 2;
    let kind = match (backoff.jitter, grows) {
        (true, _) => json!({ "full_jitter": growth }),
        (false, true) => json!({ "exponential": growth }),
        (false, false) => json!({ "fixed": backoff.base.to_string() }),
    };
    json!({ "backoff": kind })
}

fn shed_demand(status: u16) -> Value {
    json!({ "shed": { "of": [status] } })
}

fn rate_limit_demand(limit: &RateLimit) -> Value {
    json!({ "rate_limit": {
        "calls": limit.calls,
        "per": limit.per.to_string(),
        "window": limit.window,
        "exact": limit.window.is_sliding(),
        "retry_after": limit.retry_after,
    } })
}

fn retry_after_demand(asked: RetryAfter) -> Value {
    let mut demand = json!({ "obeyed": true });
    if let Some(max) = asked.max {
        demand["at_most"] = max.to_string().into();
    }
    json!({ "retry_after": demand })
}

/// Both bounds of the budget.
const BUDGET: [&str; 2] = ["retry.budget, at most", "retry.budget, at least"];

/// What stands behind them, each with its own exposures.
fn budget_demands(budget: policy::RetryBudget) -> impl Iterator<Item = (&'static str, Value)> {
    let exact = json!({ "retry_budget": { "min": budget.min, "exact": true } });
    let exact = (budget.min > 0).then_some(exact);
    BUDGET.into_iter().zip(std::iter::once(json!({ "retry_budget": budget })).chain(exact))
}

fn unspeakable(error: &serde_json::Error) -> Claim {
    let why = format!("it can't be put into the words of an expectation: {error}");
    Claim::blind(why, "write the expectation by hand")
}

/// The claims of another kind with the bounds that follow from a key.
fn by_kind(view: &View<'_>, key: &'static str, declared: &str, demand: Value) -> Vec<Claim> {
    let key = || Key::new(key, declared);
    match serde_json::from_value::<ExpectationSettings>(demand) {
        Ok(settings) => {
            settings.contract().claims(view).into_iter().map(|claim| claim.of_key(key())).collect()
        }
        Err(error) => vec![unspeakable(&error).of_key(key())],
    }
}
