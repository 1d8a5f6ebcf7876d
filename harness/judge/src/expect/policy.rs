//! `policy`: the whole declared policy against what was observed, key by key.

use measure::retry_matrix::{Failed, Followed, RetryMatrix, retry_matrix};
use measure::view::View;
use policy::{Breaker, Policy as Declared, Retry, RetryOn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use units::plural::count;

use super::{Expectation, ExpectationSettings};
use crate::claim::{Claim, Key};
use crate::forecast::{Forecast, Outlook};

/// The gateway does what `[policy]` declares, key by key.
///
/// # What it checks
/// Every key of `[policy]` that `about` names (all of them without it), over all phases with a fault: `timeout.per_try`
/// and `timeout.total`; `retry.attempts`, `retry.on` (each condition is tried again after, and nothing else is; one of them
/// is `retry.on.503`),
/// `retry.methods`, `retry.other_backend`, `retry.backoff`; `breaker.trip`, `breaker.open_for`, `breaker.probes`. The finding is a
/// table: declared, observed, verdict. A key holds if a phase shows that it does and none shows that it does not.
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
pub(crate) const KEYS: [&str; 10] = [
    "timeout.per_try",
    "timeout.total",
    "retry.attempts",
    "retry.on",
    "retry.methods",
    "retry.other_backend",
    "retry.backoff",
    "breaker.trip",
    "breaker.open_for",
    "breaker.probes",
];

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
            .filter(View::is_faulty)
            .collect();
        let declared = &view.brief.policy;
        let mut claims: Vec<Claim> = views.iter().flat_map(|view| self.of_phase(declared, view)).collect();
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
        true
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
            condition.is_some_and(|on| on.parse::<RetryOn>().is_ok())
                || KEYS.iter().any(|key| covers(named, key))
        };
        let stray = about.iter().find(|named| !known(named))?;
        Some(format!(
            "`{stray}` is no key of a policy that can be judged: expected one of {}, or a table of them",
            KEYS.join(", ")
        ))
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let declared = &outlook.brief.policy;
        if *declared == Declared::default() {
            return vec![Forecast::CannotPass("the scenario declares no policy".into())];
        }
        Vec::new()
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
            claims.extend(self.breaker(breaker, view));
        }
        claims
    }

    fn retries(&self, declared: &Declared, retry: &Retry, view: &View<'_>) -> Vec<Claim> {
        let mut claims = Vec::new();
        if self.is_about("retry.attempts") {
            let bounds = if declared.breaker.is_some() {
                // With every breaker open there is nowhere to try again, so that only the upper bound is certain.
                json!({ "attempts": { "max": retry.attempts } })
            } else {
                json!({ "attempts": { "exactly": retry.attempts } })
            };
            for class in 0..view.brief.traffic.len() as u16 {
                let method = view.brief.traffic[usize::from(class)].method.word();
                if view.takes(class) && retry.methods.iter().any(|listed| listed == method) {
                    let of_class = view.with_traffic(Some(class));
                    claims.extend(by_kind(
                        &of_class,
                        "retry.attempts",
                        &format!("{} in all", retry.attempts),
                        bounds.clone(),
                    ));
                }
            }
        }
        let matrix = retry_matrix(view);
        let may_be_shielded = declared.breaker.is_some();
        if retry.attempts > 1 {
            claims.extend(conditions(self, retry, &matrix, may_be_shielded));
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
            let drawn = if backoff.jitter { ", drawn evenly from zero" } else { "" };
            let words = format!("{} × {} each time{drawn}", backoff.base, backoff.factor);
            claims.extend(by_kind(view, "retry.backoff", &words, json!({ "backoff": kind })));
        }
        claims
    }

    fn breaker(&self, breaker: &Breaker, view: &View<'_>) -> Vec<Claim> {
        let about: Vec<&str> = ["breaker.trip", "breaker.open_for", "breaker.probes"]
            .into_iter()
            .filter(|key| self.is_about(key))
            .collect();
        let Some(key) = about.first() else { return Vec::new() };
        let mut demand = json!({ "trips_after": breaker.trip, "open_for": breaker.open_for.to_string() });
        if !breaker.scope.is_backend() {
            demand["scope"] = "pool".into();
        }
        if breaker.workers > 1 {
            demand["workers"] = breaker.workers.into();
        }
        let words = format!("open for {} after {}", breaker.open_for, trip_words(breaker));
        by_kind(view, key, &words, json!({ "breaker": demand }))
    }
}

fn trip_words(breaker: &Breaker) -> String {
    let trip = &breaker.trip;
    let within = trip.within.map(|within| format!(" within {within}")).unwrap_or_default();
    match (trip.consecutive, trip.count, trip.share) {
        (Some(count), ..) => format!("{count} failures in a row"),
        (_, Some(count), _) => format!("{count} failures{within}"),
        (.., Some(share)) => format!("{share} failures{within}"),
        _ => "nothing".into(),
    }
}

/// The claims of another kind with the bounds that follow from a key.
fn by_kind(view: &View<'_>, key: &'static str, declared: &str, demand: Value) -> Vec<Claim> {
    let key = || Key { key: key.into(), declared: declared.into() };
    match serde_json::from_value::<ExpectationSettings>(demand) {
        Ok(settings) => {
            settings.contract().claims(view).into_iter().map(|claim| claim.of_key(key())).collect()
        }
        Err(error) => {
            let why = format!("it can't be put into the words of an expectation: {error}");
            vec![Claim::blind(why, "write the expectation by hand").of_key(key())]
        }
    }
}

/// What tries again after a failure of this kind, in the words of a policy.
fn condition(failed: Failed) -> Option<RetryOn> {
    match failed {
        Failed::Status(status) => Some(RetryOn::Status(status)),
        Failed::Broken => Some(RetryOn::Reset),
        Failed::GivenUp => Some(RetryOn::Timeout),
        Failed::Cut => None,
    }
}

/// Each declared condition is tried again after, and nothing else is.
fn conditions(policy: &Policy, retry: &Retry, matrix: &RetryMatrix, may_be_shielded: bool) -> Vec<Claim> {
    let declared: Vec<String> = retry.on.iter().map(ToString::to_string).collect();
    let mut claims = Vec::new();
    for on in retry.on.iter().filter(|on| policy.is_about(&format!("retry.on.{on}"))) {
        let key = Key { key: format!("retry.on.{on}"), declared: "tried again".into() };
        let followed = match on {
            RetryOn::ConnectFailure => matrix.refused.clone(),
            _ => sum(matrix, |failed, method| condition(failed) == Some(*on) && is_listed(retry, method)),
        };
        let missed = followed.failed - followed.again;
        // While every breaker is open there is nowhere to try again: then only a gateway that never does is certain.
        let violations = if may_be_shielded && followed.again > 0 { 0 } else { missed };
        let seen = format!("after `{on}`: {} of {} tried again", followed.again, followed.failed);
        let bad =
            format!("{missed} of {} were not tried again after `{on}`", count(followed.failed, "request"));
        let shown = followed.shown_not.iter().map(|tag| (*tag, format!("not tried again after `{on}`")));
        claims.push(
            Claim::never(violations, followed.failed, None)
                .says(format!("requests were tried again after `{on}`"), bad)
                .because(seen.clone())
                .seen(seen, format!("tried again after {}", declared.join(", ")))
                .shown(shown.collect())
                .aside(matrix.set_aside.clone())
                .remedy(format!(
                    "plan a fault that makes `{on}` on backends that this traffic reaches, or leave `retry.on.{on}` out of `about`"
                ))
                .of_key(key),
        );
    }
    if !policy.is_about("retry.on") {
        return claims;
    }
    let others = sum(matrix, |failed, method| {
        condition(failed).is_none_or(|on| !retry.on.contains(&on)) && is_listed(retry, method)
    });
    if others.failed > 0 {
        let again = others.again - others.replays;
        let seen = format!("after other failures: {again} of {} tried again", others.failed);
        claims.push(
            Claim::never(again, others.failed, None)
                .says(
                    "nothing was tried again that is not declared",
                    format!("{again} requests were tried again after a failure that is not declared"),
                )
                .because(seen.clone())
                .seen(seen, format!("tried again after {} only", declared.join(", ")))
                .shown(
                    others
                        .shown_again
                        .iter()
                        .map(|tag| (*tag, "tried again after an undeclared failure".into()))
                        .collect(),
                )
                .aside(matrix.set_aside.clone())
                .of_key(Key { key: "retry.on, others".into(), declared: "not tried again".into() }),
        );
    }
    claims
}

fn methods(retry: &Retry, matrix: &RetryMatrix) -> Vec<Claim> {
    let others = sum(matrix, |failed, method| {
        condition(failed).is_some_and(|on| retry.on.contains(&on)) && !is_listed(retry, method)
    });
    let declared = retry.methods.join(", ");
    let of = sum(matrix, |failed, method| {
        condition(failed).is_some_and(|on| retry.on.contains(&on)) && is_listed(retry, method)
    });
    let mut claims = Vec::new();
    if others.failed > 0 {
        let seen = format!("other methods: {} of {} tried again", others.again, others.failed);
        claims.push(
            Claim::never(others.again, others.failed, None)
                .says(
                    "no other method was tried again",
                    format!(
                        "{} of methods that are not declared were tried again",
                        count(others.again, "request")
                    ),
                )
                .because(seen.clone())
                .seen(seen, format!("only {declared} are tried again"))
                .shown(
                    others
                        .shown_again
                        .iter()
                        .map(|tag| (*tag, "tried again although its method is not declared".into()))
                        .collect(),
                )
                .aside(matrix.set_aside.clone())
                .of_key(Key { key: "retry.methods".into(), declared: declared.clone() }),
        );
    }
    if of.failed > 0 && of.again == 0 {
        let seen = format!("declared methods: 0 of {} tried again", of.failed);
        claims.push(
            Claim::never(of.failed, of.failed, None)
                .says("", format!("no request of {declared} was tried again"))
                .because(seen.clone())
                .seen(seen, format!("{declared} are tried again"))
                .shown(of.shown_not.iter().map(|tag| (*tag, "not tried again".into())).collect())
                .of_key(Key { key: "retry.methods".into(), declared }),
        );
    }
    claims
}

fn other_backend(retry: &Retry, matrix: &RetryMatrix) -> Vec<Claim> {
    let all = sum(matrix, |_, method| is_listed(retry, method));
    let (again, same) = (all.again - all.replays, all.again - all.elsewhere - all.replays);
    if again == 0 {
        return Vec::new();
    }
    let seen = format!("{} of {again} second attempts went to another backend", again - same);
    let declared = if retry.other_backend { "another backend" } else { "any backend" };
    let claim = if retry.other_backend {
        Claim::never(same, again, None).says(
            "second attempts went to another backend",
            format!("{} went to the backend that had just failed", count(same, "second attempt")),
        )
    } else {
        // A free choice among n backends avoids the same one in all cases only by chance.
        let p_never = 0.5f64.powi(i32::try_from(again.min(1_000)).unwrap_or(1_000));
        let broken = if same == 0 { p_never } else { 1.0 };
        Claim::on(crate::claim::Basis::Tested {
            p_broken: broken,
            p_kept: if same > 0 { 0.0 } else { 1.0 },
            count: again,
            needed: None,
        })
        .says("second attempts went to any backend", "no second attempt went to the same backend")
    };
    let shown = all.shown_same.iter().map(|tag| (*tag, "tried again at the same backend".into())).collect();
    vec![
        claim
            .because(seen.clone())
            .seen(seen, format!("second attempts go to {declared}"))
            .shown(shown)
            .aside(matrix.set_aside.clone())
            .of_key(Key { key: "retry.other_backend".into(), declared: declared.into() }),
    ]
}

fn is_listed(retry: &Retry, method: &str) -> bool {
    retry.methods.iter().any(|listed| listed == method)
}

/// The cells that are meant, added up.
fn sum(matrix: &RetryMatrix, meant: impl Fn(Failed, &str) -> bool) -> Followed {
    let mut total = Followed::default();
    for ((failed, method), followed) in &matrix.cells {
        if meant(*failed, method) {
            total.failed += followed.failed;
            total.again += followed.again;
            total.elsewhere += followed.elsewhere;
            total.replays += followed.replays;
            total.shown_again.extend(&followed.shown_again);
            total.shown_not.extend(&followed.shown_not);
            total.shown_same.extend(&followed.shown_same);
        }
    }
    total
}
