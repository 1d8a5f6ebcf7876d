//! `circuit_breakers`: how many requests and retries are under way at a time (docs: "Circuit breaking"; `circuit_breaker.proto`).

use policy::{Limit, RetryBudget, Scope};
use units::Share;

use super::fields::{percent, whole};
use super::keys::THRESHOLDS;
use crate::note::Note;
use crate::place::Place;
use crate::value::Value;

/// The defaults: `max_retries`, `budget_percent`, `min_retry_concurrency`.
const RETRIES: u32 = 3;
const BUDGET_PERCENT: f64 = 20.0;
const BUDGET_MIN: u32 = 3;

/// So many retries at a time are as good as any number.
const OUT_OF_REACH: u32 = 10_000;

/// The status of what is turned away.
const TURNED_AWAY: u16 = 503;

/// The thresholds that hold for the routes: those of the default priority.
pub(super) fn thresholds(cluster: &Value) -> Option<&Value> {
    let all = cluster.at(&["circuit_breakers", "thresholds"]).map(Value::items).unwrap_or_default();
    all.iter().find(|one| one.get("priority").and_then(Value::text).is_none_or(|name| name == "DEFAULT"))
}

/// The limit, where the file names one; its own is 1024.
pub(super) fn limit(cluster: &Value, notes: &mut Vec<Note>) -> Option<(Limit, Place)> {
    if let Some(told) = cluster.get("circuit_breakers") {
        for (key, value) in told.entries().iter().filter(|(key, _)| key != "thresholds") {
            notes.push(Note::unrehearsed(
                &value.place,
                format!("`{}` is not rehearsed", super::fields::shown(key)),
            ));
        }
    }
    let thresholds = thresholds(cluster)?;
    THRESHOLDS.tell(thresholds, notes);
    let (most, place) = whole(thresholds, "max_requests", 0..=u32::MAX, notes)?;
    let few_connections = ["max_connections", "max_pending_requests"]
        .into_iter()
        .filter_map(|key| whole(thresholds, key, 0..=u32::MAX, notes))
        .find(|(count, _)| *count <= most);
    if let Some((_, place)) = few_connections {
        let words = "connections, or requests that wait for one, are limited before `max_requests` is: no limit is rehearsed";
        notes.push(Note::unrehearsed(&place, words));
        return None;
    }
    // More are as good as no limit.
    if !(1..=65_536).contains(&most) {
        return None;
    }
    let limit = Limit { scope: Scope::Pool, queue: Some(0), status: Some(TURNED_AWAY), ..Limit::new(most) };
    Some((limit, place))
}

/// How many further attempts may be under way; nothing where that is out of reach. No place is the default's.
pub(super) fn budget(
    cluster: &Value,
    retry: &Place,
    notes: &mut Vec<Note>,
) -> Option<(RetryBudget, Option<Place>)> {
    let thresholds = thresholds(cluster);
    if let Some(told) = thresholds.and_then(|one| one.get("retry_budget")) {
        let share = percent(told, "budget_percent", notes).map_or(BUDGET_PERCENT, |(share, _)| share);
        let min =
            whole(told, "min_retry_concurrency", 0..=u32::MAX, notes).map_or(BUDGET_MIN, |(min, _)| min);
        let budget = RetryBudget { share: Share::new(share / 100.0)?, min };
        return (share > 0.0 || min > 0).then(|| (budget, Some(told.place.clone())));
    }
    let told = thresholds.and_then(|one| whole(one, "max_retries", 0..=u32::MAX, notes));
    let (most, place) = if let Some((most, place)) = told {
        (most, Some(place))
    } else {
        let words = "no more than 3 retries are under way at a time, the default of `max_retries`: under load most requests are \
                         not tried again";
        let help = "write `circuit_breakers: {thresholds: [{retry_budget: {}}]}`, or a `max_retries`";
        notes.push(Note::lint(retry, words).help(help));
        (RETRIES, None)
    };
    let budget = RetryBudget { share: Share::new(0.0)?, min: most };
    (1..OUT_OF_REACH).contains(&most).then_some((budget, place))
}
