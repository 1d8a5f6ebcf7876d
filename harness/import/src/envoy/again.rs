//! When a request is tried again: the retry policy of the routes, with what the cluster says of it.

use policy::{Retry, Timeouts};

use super::fields::shown;
use super::known::Known;
use super::retry::{self, Retrying};
use super::ways::Way;
use super::{limits, matches};
use crate::import::Member;
use crate::note::Note;
use crate::place::Place;
use crate::value::Value;

/// How hosts are chosen, as far as the run's configuration has it.
pub(super) const BALANCERS: [&str; 3] = ["ROUND_ROBIN", "LEAST_REQUEST", "RANDOM"];

/// The retry of the routes; nothing if nothing is ever tried again.
pub(super) fn read(
    ways: &mut [Way<'_>],
    cluster: &Value,
    members: &[Member],
    timeout: Timeouts,
    known: &mut Known,
    notes: &mut Vec<Note>,
) -> Option<Retry> {
    let takes_turns = takes_turns(cluster, members, notes);
    let mut found = retried(ways, timeout.per_try.is_some(), takes_turns, notes)?;
    let place = found.keys.first().map_or(&cluster.place, |(_, place)| place).clone();
    at_the_same_host(&found, members.len(), &place, notes);
    if let Some((budget, at)) = limits::budget(cluster, &place, notes) {
        found.retry.budget = Some(budget);
        match at {
            Some(at) => known.places([("retry.budget", at)]),
            None => known.usual([("retry.budget", "`Thresholds.max_retries` is 3")]),
        }
    }
    too_long(timeout, &found, &place, notes);
    known.places(found.keys);
    known.usual(found.defaults);
    Some(found.retry)
}

/// The retry, for the methods of all routes that have the same one.
fn retried(
    ways: &mut [Way<'_>],
    is_timed: bool,
    takes_turns: bool,
    notes: &mut Vec<Note>,
) -> Option<Retrying> {
    let policy = |way: &Way<'_>| way.route.retry_policy().map(Value::without_places);
    let is_retry = |way: &Way<'_>| {
        way.route
            .retry_policy()
            .is_some_and(|policy| policy.get("retry_on").is_some_and(|on| on.text() != Some("")))
    };
    let Some(first) = ways.iter().find(|way| is_retry(way)) else {
        if let Some(told) = ways.iter().find_map(|way| way.route.retry_policy()) {
            retry::read(told, is_timed, takes_turns, &[], notes);
        }
        return None;
    };
    let (told, of_first) = (first.route.retry_policy()?.clone(), policy(first));
    let mut methods = Vec::new();
    for way in ways.iter_mut().filter(|way| is_retry(way)) {
        if policy(way) == of_first {
            methods.extend(way.methods.iter().copied());
            way.is_retried = true;
        } else {
            let words = "a route of the same path has another retry policy, and a scenario has one: it is not rehearsed";
            notes.push(Note::unrehearsed(way.route.place(), words));
        }
    }
    methods.sort_by_key(|method| matches::METHODS.iter().position(|known| known == method));
    let found = retry::read(&told, is_timed, takes_turns, &methods, notes);
    if found.is_none() {
        for way in ways {
            way.is_retried = false;
        }
    }
    found
}

/// Whether hosts take turns, so that the next choice is another one.
fn takes_turns(cluster: &Value, members: &[Member], notes: &mut Vec<Note>) -> bool {
    let balancer = cluster.get("lb_policy");
    let name = balancer.and_then(Value::text).unwrap_or(BALANCERS[0]);
    if let Some(other) = balancer.filter(|_| !BALANCERS.contains(&name)) {
        let words = format!("`{}` is not rehearsed: in the run the hosts take turns", shown(name));
        notes.push(Note::unrehearsed(&other.place, words));
    }
    let is_even = members.iter().all(|member| member.weight == members[0].weight);
    name == BALANCERS[0] && is_even && cluster.get("load_balancing_policy").is_none()
}

/// A further attempt that may go to the host that has just failed.
fn at_the_same_host(found: &Retrying, members: usize, place: &Place, notes: &mut Vec<Note>) {
    let is_told = found.keys.iter().any(|(key, _)| *key == "retry.other_backend");
    if members > 1 && !found.retry.other_backend && !is_told {
        let words = "a further attempt may go to the host that has just failed";
        let help =
            "add `retry_host_predicate` with `previous_hosts`, and `host_selection_retry_max_attempts: 10`";
        notes.push(Note::lint(place, words).help(help));
    }
}

/// Attempts that the timer for the whole request leaves no time for.
fn too_long(timeout: Timeouts, found: &Retrying, place: &Place, notes: &mut Vec<Note>) {
    let (Some(per_try), Some(total)) = (timeout.per_try, timeout.total) else { return };
    let fit = total.0.as_nanos().div_ceil(per_try.0.as_nanos().max(1));
    if u128::from(found.retry.attempts) > fit {
        let words = format!(
            "of {} attempts that take {per_try} each, {fit} fit into the {total} of the whole request",
            found.retry.attempts
        );
        notes.push(
            Note::lint(place, words).help("raise `timeout`, or lower `per_try_timeout` or `num_retries`"),
        );
    }
}
