//! What can be told before a run of each key: whether some phase with a fault will show it.

use measure::brief::FaultDoes;
use measure::view::Place;
use policy::{Policy as Declared, Retry, RetryOn};
use serde_json::{Value, json};
use units::Timespan;

use super::breaker::expectation as breaker_demand;
use super::{
    Policy, affinity, attempts_demands, backoff_demand, budget_demands, health, limit, rate_limit_demand,
    requests, retry_after_demand, shed_demand,
};
use crate::claim::CASES_MIN;
use crate::expect::ExpectationSettings;
use crate::expect::breaker::{Breaker, Word};
use crate::forecast::{Forecast, Outlook, is_counted};

/// What is foreseen of each key that is judged, from the phase that shows most of it.
pub(super) fn forecast(settings: &Policy, declared: &Declared, outlook: &Outlook<'_>) -> Vec<Forecast> {
    let phases = (0..outlook.brief.phases.len())
        .filter(|phase| *phase == outlook.place.phase || outlook.place.whole_run)
        .map(|phase| {
            if phase == outlook.place.phase {
                *outlook
            } else {
                Outlook { place: Place { phase, settle: Timespan::default(), ..outlook.place }, ..*outlook }
            }
        });
    let phases: Vec<Outlook<'_>> = phases.filter(|phase| phase.injections().next().is_some()).collect();
    let keys = keys(settings, declared).into_iter();
    let of_keys = keys.flat_map(|key| {
        let of_phases = phases.iter().map(|phase| key.forecast(declared, phase));
        let best = of_phases.min_by_key(|foreseen| foreseen.iter().filter(|one| is_short(one)).count());
        best.unwrap_or_default().into_iter().map(move |one| named(&key.name(), one)).collect::<Vec<_>>()
    });
    let of_requests = phases.iter().map(|phase| requests::forecasts(settings, declared, phase));
    let short = |foreseen: &Vec<(String, Forecast)>| foreseen.iter().filter(|(_, one)| is_short(one)).count();
    let best = of_requests.min_by_key(short).unwrap_or_default();
    of_keys.chain(best.iter().map(|(key, one)| named(key, one.clone()))).collect()
}

/// What stands behind a key.
enum Key {
    /// Another kind of expectation, on all traffic or on what the policy tries again.
    Kind(&'static str, Value),
    /// A condition after which requests are tried again.
    Condition(RetryOn),
    Methods,
    OtherBackend,
    /// One word of the breaker.
    Breaker(&'static str, Word, Box<Breaker>),
}

fn keys(settings: &Policy, declared: &Declared) -> Vec<Key> {
    let (timeout, mut keys) = (declared.timeout, Vec::new());
    for (key, timer, word) in
        [("timeout.per_try", timeout.per_try, "per_try"), ("timeout.total", timeout.total, "total")]
    {
        let timer = timer.filter(|_| settings.is_about(key));
        keys.extend(timer.map(|timer| Key::Kind(key, json!({ "timeout": { word: timer.to_string() } }))));
    }
    let affinity = declared.affinity.iter().flat_map(affinity::demands);
    keys.extend(
        affinity.filter(|(key, _)| settings.is_about(key)).map(|(key, demand)| Key::Kind(key, demand)),
    );
    if let Some(retry) = declared.retry.as_ref().filter(|retry| retry.attempts > 1) {
        if settings.is_about("retry.attempts") {
            keys.extend(attempts_demands(declared, retry).map(|(key, demand)| Key::Kind(key, demand)));
        }
        let conditions = retry.on.iter().filter(|on| settings.is_about(&format!("retry.on.{on}")));
        keys.extend(conditions.map(|on| Key::Condition(*on)));
        keys.extend(settings.is_about("retry.methods").then_some(Key::Methods));
        keys.extend(settings.is_about("retry.other_backend").then_some(Key::OtherBackend));
        let backoff = retry.backoff.as_ref().filter(|_| settings.is_about("retry.backoff"));
        keys.extend(backoff.map(|backoff| Key::Kind("retry.backoff", backoff_demand(retry, backoff))));
        let budget = retry.budget.filter(|_| settings.is_about("retry.budget"));
        let demands = budget.into_iter().flat_map(budget_demands);
        keys.extend(demands.map(|(key, demand)| Key::Kind(key, demand)));
        let asked = retry.retry_after.filter(|_| settings.is_about("retry.retry_after"));
        keys.extend(asked.map(|asked| Key::Kind("retry.retry_after", retry_after_demand(asked))));
    }
    let checks = declared.health_check.iter().flat_map(health::demands);
    keys.extend(checks.filter(|(key, _)| settings.is_about(key)).map(|(key, demand)| Key::Kind(key, demand)));
    if let Some(limit) = &declared.limit {
        let demands = limit::demands(limit).into_iter().filter(|(key, _)| settings.is_about(key));
        keys.extend(demands.map(|(key, demand)| Key::Kind(key, demand)));
    }
    let rate = declared.rate_limit.as_ref().filter(|_| settings.is_about("rate_limit"));
    keys.extend(rate.map(|limit| Key::Kind("rate_limit", rate_limit_demand(limit))));
    if let Some(breaker) = &declared.breaker {
        for (key, word) in [("breaker.trip", Word::Trip), ("breaker.open_for", Word::OpenFor)] {
            let demand = breaker_demand(breaker).ok().filter(|_| settings.is_about(key));
            keys.extend(demand.map(|demand| Key::Breaker(key, word, Box::new(demand))));
        }
        let status = breaker.shed_status.filter(|_| settings.is_about("breaker.shed_status"));
        keys.extend(status.map(|status| Key::Kind("breaker.shed_status", shed_demand(status))));
    }
    keys
}

impl Key {
    fn name(&self) -> String {
        match self {
            Key::Kind(name, _) | Key::Breaker(name, ..) => (*name).into(),
            Key::Condition(on) => format!("retry.on.{on}"),
            Key::Methods => "retry.methods".into(),
            Key::OtherBackend => "retry.other_backend".into(),
        }
    }

    fn forecast(&self, declared: &Declared, outlook: &Outlook<'_>) -> Vec<Forecast> {
        if let Key::Breaker(_, word, demand) = self {
            return demand.foreseen(outlook, Some(*word));
        }
        let Some(retry) = declared.retry.as_ref() else { return self.of_kind(outlook) };
        let retried = |does: FaultDoes| does != FaultDoes::Refuses && outlook.is_retried(does);
        let (expected, what) = match self {
            Key::Kind(name, _) if name.starts_with("retry.") => {
                let classes = listed(outlook, retry, true);
                return classes.into_iter().flat_map(|outlook| self.of_kind(&outlook)).collect();
            }
            Key::Kind(..) | Key::Breaker(..) => return self.of_kind(outlook),
            Key::Condition(RetryOn::ConnectFailure) => {
                (turned_away(declared, retry, outlook), "requests that one backend turns away".to_owned())
            }
            Key::Condition(on) => {
                let only = |does: FaultDoes| condition(outlook, does) == Some(*on);
                (rescued(outlook, retry, true, only), format!("first attempts that fail by `{on}`"))
            }
            Key::Methods => {
                let what = "first attempts of other methods that fail in a way that is tried again after";
                (rescued(outlook, retry, false, retried), what.to_owned())
            }
            Key::OtherBackend if declared.breaker.is_some() || outlook.brief.backends.len() < 2 => {
                let why = "a breaker may leave no other backend, and one backend has none beside it";
                return vec![Forecast::Doubtful(why.into())];
            }
            Key::OtherBackend => (rescued(outlook, retry, true, retried), "second attempts".to_owned()),
        };
        let hides = !matches!(self, Key::Condition(RetryOn::ConnectFailure));
        let uncounted = outlook.uncounted().filter(|_| hides);
        let expected = expected.map(|expected| Forecast::exposures(what, expected, CASES_MIN));
        expected.into_iter().chain(uncounted).collect()
    }

    fn of_kind(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let Key::Kind(_, demand) = self else { return Vec::new() };
        let settings = serde_json::from_value::<ExpectationSettings>(demand.clone());
        settings.map(|settings| settings.contract().forecast(outlook)).unwrap_or_default()
    }
}

/// The traffic of methods that the policy lists, or of the others, class by class.
fn listed<'a>(outlook: &Outlook<'a>, retry: &Retry, listed: bool) -> Vec<Outlook<'a>> {
    let is_listed = |class: &usize| {
        let method = outlook.brief.traffic[*class].method.word();
        retry.methods.iter().any(|name| name == method) == listed
    };
    let only =
        |class: usize| Outlook { place: Place { traffic: Some(class as u16), ..outlook.place }, ..*outlook };
    outlook.classes().filter(is_listed).map(only).collect()
}

/// First attempts that fail so while some other backend is in use to try again at.
fn rescued(
    outlook: &Outlook<'_>,
    retry: &Retry,
    of_listed: bool,
    counts: impl Fn(FaultDoes) -> bool + Copy,
) -> Option<f64> {
    let classes = listed(outlook, retry, of_listed);
    classes.iter().map(|outlook| outlook.failing_beside(1, counts)).sum()
}

/// Requests that meet a backend which turns them away, while the policy's attempts reach others as well.
fn turned_away(declared: &Declared, retry: &Retry, outlook: &Outlook<'_>) -> Option<f64> {
    let refuses = |does: FaultDoes| does == FaultDoes::Refuses;
    let counted = declared.breaker.as_ref().is_some_and(|one| is_counted(one, outlook, FaultDoes::Refuses));
    let closed = outlook.injections().filter(|one| one.outline.is_some_and(|outline| refuses(outline.does)));
    let mut closed: Vec<u16> = closed.flat_map(|one| one.backends.iter().copied()).collect();
    closed.sort_unstable();
    closed.dedup();
    if counted || closed.len() >= usize::from(retry.attempts) || closed.len() >= outlook.brief.backends.len()
    {
        return Some(0.0);
    }
    let classes = listed(outlook, retry, true);
    classes.iter().map(|outlook| outlook.failing(1, refuses)).sum()
}

/// What tries again after a fault, in the words of a policy.
fn condition(outlook: &Outlook<'_>, does: FaultDoes) -> Option<RetryOn> {
    let per_try = outlook.brief.policy.timeout.per_try;
    match does {
        FaultDoes::Answers { status } => Some(RetryOn::Status(status)),
        FaultDoes::Hangs => Some(RetryOn::Timeout),
        FaultDoes::Delays { least, .. } => {
            per_try.is_some_and(|timer| least > timer).then_some(RetryOn::Timeout)
        }
        FaultDoes::Breaks => Some(RetryOn::Reset),
        FaultDoes::Refuses => Some(RetryOn::ConnectFailure),
        FaultDoes::Cuts => None,
    }
}

fn is_short(forecast: &Forecast) -> bool {
    forecast.falls_short() || !matches!(forecast, Forecast::Exposures { .. })
}

/// The same, said of the key: what is an error of an expectation of its own is no more than an open row here.
fn named(key: &str, forecast: Forecast) -> Forecast {
    let out = format!("leave `{key}` out of `about`");
    match forecast {
        Forecast::Exposures { what, expected, needed, remedy } => Forecast::Exposures {
            what: format!("{what} (`{key}`)"),
            expected,
            needed,
            remedy: format!("{remedy}, or {out}"),
        },
        Forecast::CannotFail(why) | Forecast::CannotPass(why) | Forecast::Doubtful(why) => {
            Forecast::Doubtful(format!("`{key}` will hardly be shown, since {why}; {out}"))
        }
    }
}
